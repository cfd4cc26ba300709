import CMosquitto
import EdgepipeCore
import Glibc

/// One connection to a broker, used by one thread; a new one is made for each attempt.
@safe final class MosquittoClient {
  /// Items on their way at once. Brokers end the connection of a client of 3.1.1 that exceeds their limit, and have no way to
  /// say what it is; with mosquitto it is 20 for a quality of service of 2.
  static let window = 20

  let inbox = MosquittoInbox()
  private let library: MosquittoLibrary
  private let settings: MQTTSettings
  // SAFETY: made in `init`, used by this object's thread alone, destroyed in `deinit`, before the inbox.
  private let handle: OpaquePointer
  /// The system's error where the library's says that there is one.
  private var systemError: Int32 = 0

  /// - Throws: ``PipelineError`` where the settings cannot be taken, such as a file that cannot be read.
  init(_ library: MosquittoLibrary, _ settings: MQTTSettings) throws(PipelineError) {
    guard let handle = unsafe library.api.pointee.new(settings.clientID, true, inbox.pointer) else {
      throw PipelineError("libmosquitto cannot make a client", code: .internalFault)
    }
    unsafe self.handle = unsafe handle
    self.library = library
    self.settings = settings
    unsafe MosquittoInbox.attach(to: handle, library.api.pointee)
    try configure()
  }

  deinit { unsafe library.api.pointee.destroy(handle) }

  private func configure() throws(PipelineError) {
    let api = unsafe library.api.pointee
    func check(_ code: Int32, _ what: String) throws(PipelineError) {
      if code == EPMosquittoSuccess { return }
      throw PipelineError(
        "libmosquitto \(library.version) does not take \(what): \(library.text(ofError: code))",
        code: .invalidConfiguration)
    }
    let version = settings.version == .v5 ? EPMosquittoProtocol5 : EPMosquittoProtocol311
    unsafe _ = api.int_option(handle, Int32(EPMosquittoOptionProtocol), Int32(version))
    unsafe _ = api.int_option(handle, Int32(EPMosquittoOptionSendMaximum), Int32(Self.window))
    unsafe _ = api.int_option(handle, Int32(EPMosquittoOptionNoDelay), 1)
    if settings.username != nil || settings.password != nil {
      try check(unsafe api.username_pw_set(handle, settings.username, settings.password), "the user")
    }
    if let tls = settings.tls {
      // Without a passphrase of ours the library would ask the terminal.
      let none: EPMosquittoPassphrase = { _, _, _, _ in 0 }
      unsafe _ = api.int_option(handle, Int32(EPMosquittoOptionSystemCA), tls.ca == nil ? 1 : 0)
      let folder = tls.ca == nil ? "/etc/ssl/certs" : nil
      try check(
        unsafe api.tls_set(handle, tls.ca, folder, tls.certificate, tls.key, none),
        "the files 'ca', 'certificate' and 'key'")
      try check(unsafe api.tls_opts_set(handle, Int32(EPMosquittoVerifyPeer), "tlsv1.2", nil), "TLS 1.2")
    }
    let will = Array("offline".utf8)
    try check(
      unsafe api.will_set(
        handle, settings.availabilityTopic, Int32(will.count), will, min(1, settings.qos), true),
      "the topic of the last will")
  }

  /// Connects and sends CONNECT; the answer comes with ``turn(waitMs:)``. May block while the system connects.
  func connect() {
    let code = unsafe library.api.pointee.connect_bind_v5(
      handle, settings.host, Int32(settings.port), settings.keepaliveS, nil, nil)
    if code != EPMosquittoSuccess { end(code) }
  }

  /// Waits for the broker for so long at most, and does what there is to do. At once where the connection has ended.
  func turn(waitMs: Int32) {
    let api = unsafe library.api.pointee
    let socket = unsafe api.socket(handle)
    guard inbox.ending == nil, socket >= 0 else { return end(Int32(EPMosquittoConnectionLost)) }
    let wanted = POLLIN | (unsafe api.want_write(handle) ? POLLOUT : 0)
    var descriptor = pollfd(fd: socket, events: Int16(wanted), revents: 0)
    // SAFETY: one descriptor, which is there for the call.
    unsafe _ = poll(&descriptor, 1, waitMs)
    let found = Int32(descriptor.revents)
    var code: Int32 = 0
    if found & (POLLIN | POLLERR | POLLHUP) != 0 { code = unsafe api.loop_read(handle, 1) }
    if code == EPMosquittoSuccess, found & POLLOUT != 0 { code = unsafe api.loop_write(handle, 1) }
    if code == EPMosquittoSuccess { code = unsafe api.loop_misc(handle) }
    if code != EPMosquittoSuccess { end(code) }
  }

  /// Whether packets wait for room in the system's buffer.
  var hasToWrite: Bool { unsafe library.api.pointee.want_write(handle) }

  private func end(_ code: Int32) {
    if code == EPMosquittoErrno, systemError == 0 { systemError = errno }
    inbox.end(code)
  }

  struct Publication {
    /// The library's error; 0: it is on its way.
    let code: Int32
    /// The number with which it is acknowledged.
    let mid: Int32
  }

  func publish(
    _ topic: String, _ payload: [UInt8], qos: Int32, retain: Bool = false, id: String? = nil
  ) -> Publication {
    let api = unsafe library.api.pointee
    var mid: Int32 = 0
    var properties: OpaquePointer?
    if let id, settings.version == .v5 {
      unsafe _ = api.property_add_string(&properties, Int32(EPMosquittoPropertyContentType), "application/json")
      unsafe _ = api.property_add_string_pair(&properties, Int32(EPMosquittoPropertyUser), "id", id)
    }
    defer { if unsafe properties != nil { unsafe api.property_free_all(&properties) } }
    let code = unsafe api.publish_v5(
      handle, &mid, topic, Int32(clamping: payload.count), payload, qos, retain, properties)
    return Publication(code: code, mid: mid)
  }

  func subscribe(_ filter: String) { unsafe _ = library.api.pointee.subscribe(handle, nil, filter, 1) }

  /// Says goodbye, so that the broker does not publish the last will.
  func disconnect() { unsafe _ = library.api.pointee.disconnect(handle) }

  // MARK: - What happened, for people

  /// Whether the broker has found this client's id in use by another one.
  var wasTakenOver: Bool { inbox.ending == MQTTReason.sessionTakenOver }

  /// Why the connection has ended, or was never made.
  var endingText: String {
    let ending = inbox.ending ?? Int32(EPMosquittoConnectionLost)
    if ending >= MQTTReason.firstFailure { return "it has closed the connection: \(library.text(ofReason: ending))" }
    if ending == EPMosquittoErrno, systemError != 0 { return unsafe String(cString: strerror(systemError)) }
    if let tls = inbox.lastError?.split(separator: "::").last, settings.tls != nil, inbox.greeting == nil {
      return "no connection with TLS: \(tls)"
    }
    return library.text(ofError: ending)
  }

  /// Why the broker did not take us.
  var greetingText: String {
    let code = inbox.greeting ?? 0
    return settings.version == .v5 && code >= MQTTReason.firstFailure
      ? library.text(ofReason: code) : library.text(ofGreeting: code)
  }
}
