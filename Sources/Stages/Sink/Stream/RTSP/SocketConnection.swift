import CFFmpeg
import EdgepipeCore
import Glibc

/// FFmpeg's TCP or TLS connection: owns it. Used by one thread.
///
/// The certificate is checked here and not left to FFmpeg's RTSP writer, which has no option for that in many versions.
@safe final class SocketConnection: ByteConnection {
  struct TLS: Sendable, Hashable {
    var verifies = true
    /// Trusted certificates in PEM format; the system's when nil.
    var caFile: String?
  }

  private let guardian: ReadGuard
  private let name: String
  // SAFETY: set in init, freed once in deinit, and only used during calls.
  private var handle: UnsafeMutablePointer<AVIOContext>?
  private var buffer = [UInt8](repeating: 0, count: 4096)

  /// Connects, for as long as the guard allows.
  ///
  /// - Parameter tls: nil for a connection in plain text.
  init(host: String, port: Int, tls: TLS?, timeoutS: Double, guardian: ReadGuard) throws(StreamLoss) {
    MediaLibrary.prepare()
    self.guardian = guardian
    name = "\(host):\(port)"
    var options = ["timeout": "\(Int64(timeoutS * 1e6))", "tcp_nodelay": "1"]
    if let tls {
      options["tls_verify"] = tls.verifies ? "1" : "0"
      if let file = tls.caFile { options["ca_file"] = file }
    }
    _ = ServerAnswer.take()
    let dictionary = MediaOptions(options)
    var interruption = unsafe guardian.interruption
    let flags = AVIO_FLAG_READ | AVIO_FLAG_WRITE | AVIO_FLAG_NONBLOCK
    let status = unsafe dictionary.withHandle { dictionary in
      // SAFETY: the guard outlives the connection, which keeps the pointer to it; the strings are copied.
      unsafe avio_open2(&handle, "\(tls == nil ? "tcp" : "tls")://\(name)", flags, &interruption, &dictionary)
    }
    if status < 0 { throw failure(status, isEncrypted: tls != nil) }
  }

  deinit { if unsafe handle != nil { unsafe avio_closep(&handle) } }

  func write(_ bytes: ArraySlice<UInt8>) throws(StreamLoss) -> Int {
    guard let handle = unsafe handle, let write = unsafe handle.pointee.write_packet, !bytes.isEmpty else { return 0 }
    // SAFETY: the call reads at most `count` bytes and leaves them as they are, whatever its type says in older FFmpeg.
    let status = unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe write(
        handle.pointee.opaque, UnsafeMutablePointer(mutating: bytes.baseAddress), Int32(clamping: bytes.count))
    }
    return try taken(status) ?? 0
  }

  func read() throws(StreamLoss) -> [UInt8]? {
    guard let handle = unsafe handle, let read = unsafe handle.pointee.read_packet else { return nil }
    // SAFETY: the call writes at most `count` bytes.
    let status = unsafe buffer.withUnsafeMutableBufferPointer { bytes in
      unsafe read(handle.pointee.opaque, bytes.baseAddress, Int32(clamping: bytes.count))
    }
    if status == ep_error_eof() || status == 0 { return nil }
    return try Array(buffer.prefix(taken(status) ?? 0))
  }

  /// Nil where nothing could be done now.
  private func taken(_ status: Int32) throws(StreamLoss) -> Int? {
    if status >= 0 { return Int(status) }
    if status == ep_error_again() { return nil }
    if guardian.hasTimedOut || guardian.isStopping { throw .timedOut }
    throw StreamLoss("the connection was lost: \(avErrorText(status))")
  }

  private func failure(_ status: Int32, isEncrypted: Bool) -> StreamLoss {
    if let unresolved = ServerAnswer.take().unresolved {
      return StreamLoss(
        "the name of the server cannot be resolved (\(unresolved))",
        remedy: "check the name in the address, and this machine's name server and network")
    }
    if guardian.hasTimedOut || status == ep_error_exit() { return .timedOut }
    let isRefused = status == ep_error_from_errno(ECONNREFUSED)
    let remedy =
      isEncrypted && !isRefused
      ? "check that the server's certificate is valid for this host and issued by a trusted authority; tlsCAFile names one"
      : "check that the server is running and the address is right"
    return StreamLoss("cannot connect to \(name): \(avErrorText(status))", remedy: remedy)
  }
}

extension StreamLoss {
  static var timedOut: StreamLoss { StreamLoss("no answer within the time allowed") }
}
