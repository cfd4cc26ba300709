import CEdgepipePlugin
import EdgepipeCore
import Glibc

/// A plugin's library, loaded into this process for good, and what it says of itself.
@safe package final class PluginLibrary: @unchecked Sendable {
  // SAFETY (@unchecked Sendable): everything is written in init alone; descriptors are constant.
  package let path: String
  package let name: String
  package let version: String
  /// The version of the interface that it was compiled with.
  package let abi: (major: Int, minor: Int)
  package let types: [PluginTypeFacts]
  private var descriptors: [(pointer: UnsafePointer<edgepipe_stage_type>, type: edgepipe_stage_type)] = unsafe []

  /// Loads a library and asks it for its stage types. Runs its initializers: its manifest has been checked before.
  ///
  /// - Parameter program: name and version of this program.
  package init(opening path: String, program: String = "edgepipe") throws(PluginFailure) {
    // A name without a folder would be looked for in the system's path.
    let place = path.contains("/") ? path : "./" + path
    // SAFETY: the text is a C string for the call. The plugin's initializers run, which the caller has allowed.
    guard let handle = unsafe dlopen(place, RTLD_NOW | RTLD_LOCAL) else {
      let reason = unsafe dlerror().map { unsafe String(cString: $0) } ?? "no reason given"
      throw PluginFailure(.stopPipeline, "cannot load the plugin '\(path)': \(reason)", code: .unavailable)
    }
    guard let symbol = unsafe dlsym(handle, "edgepipe_plugin_main") else {
      throw Self.unfit(path, "it has no edgepipe_plugin_main")
    }
    // SAFETY: the function of that name has this type, as the header says.
    let main = unsafe unsafeBitCast(symbol, to: edgepipe_plugin_main_function.self)
    guard let pointer = unsafe main(Self.host(program)) else {
      throw Self.unfit(path, "it refuses to work with this program")
    }
    let plugin = try unsafe edgepipe_plugin(reading: pointer)
    let offered = unsafe plugin.abi_version >> 16
    guard offered == UInt32(Self.major) else {
      throw Self.unfit(path, "it is made for version \(offered) of the interface, this program for \(Self.major)")
    }
    self.path = path
    abi = (Int(offered), unsafe Int(plugin.abi_version & 0xFFFF))
    name = unsafe Self.text(plugin.name) ?? ""
    version = unsafe Self.text(plugin.version) ?? ""
    var facts: [PluginTypeFacts] = []
    let count = unsafe Int(plugin.type_count)
    guard count <= Self.mostTypes, let list = unsafe plugin.types else {
      throw Self.unfit(path, "it has no stage types")
    }
    for index in 0..<count {
      guard let pointer = unsafe list[index] else { throw Self.unfit(path, "one of its stage types is NULL") }
      let type = try unsafe edgepipe_stage_type(reading: pointer)
      facts.append(try unsafe Self.facts(type, path))
      unsafe descriptors.append((pointer, type))
    }
    types = facts
  }

  /// Makes an instance on the thread that will use it.
  package func makeInstance(_ setup: PluginSetup, log: @escaping PluginLog) throws(PluginFailure) -> any PluginRunning {
    guard let index = types.firstIndex(where: { $0.type == setup.type }) else {
      throw Self.unfit(path, "it has no stage type '\(setup.type)'")
    }
    let descriptor = unsafe descriptors[index]
    return try unsafe PluginInstance(descriptor.type, at: descriptor.pointer, setup, log: log)
  }

  private static let mostTypes = 256
  /// EDGEPIPE_ABI_VERSION, whose casts Swift does not import.
  package static let major = 1
  package static let minor = 0

  private static func unfit(_ path: String, _ reason: String) -> PluginFailure {
    PluginFailure(.stopPipeline, "'\(path)' is no plugin for this program: \(reason)", code: .mismatch)
  }

  /// Lives as long as the library, that is for good.
  private static func host(_ program: String) -> UnsafePointer<edgepipe_host> {
    let host = UnsafeMutablePointer<edgepipe_host>.allocate(capacity: 1)
    unsafe host.initialize(to: edgepipe_host())
    unsafe host.pointee.size = UInt32(EDGEPIPE_SIZE_edgepipe_host)
    unsafe host.pointee.abi_version = UInt32(major) << 16 | UInt32(minor)
    unsafe host.pointee.program = UnsafePointer(strdup(program))
    unsafe host.pointee.extension = { _, _ in nil }
    return unsafe UnsafePointer(host)
  }

  private static func facts(_ type: edgepipe_stage_type, _ path: String) throws(PluginFailure) -> PluginTypeFacts {
    guard let name = unsafe text(type.type), let role = unsafe PluginTypeFacts.Role(rawValue: type.role) else {
      throw unfit(path, "one of its stage types has no name or no role")
    }
    let hasWork = unsafe role == .source ? type.next != nil : type.process != nil
    guard hasWork, unsafe type.create != nil else {
      throw unfit(path, "'\(name)' lacks create, or \(role == .source ? "next" : "process")")
    }
    return unsafe PluginTypeFacts(
      type: name, role: role, summary: text(type.summary) ?? "", flags: .init(rawValue: type.flags),
      maximumWorkers: max(1, Int(type.max_workers)),
      timeLimitMs: type.time_limit_ms == 0 ? nil : Int(type.time_limit_ms), formats: texts(type.formats),
      labels: texts(type.labels), schema: text(type.config_schema))
  }

  private static func text(_ pointer: UnsafePointer<CChar>?) -> String? {
    unsafe pointer.map { unsafe String(cString: $0) }
  }

  /// A list of texts that ends in NULL.
  private static func texts(_ pointer: UnsafePointer<UnsafePointer<CChar>?>?) -> [String]? {
    guard let pointer = unsafe pointer else { return nil }
    var found: [String] = []
    while found.count < mostTypes, let text = unsafe text(pointer[found.count]) { found.append(text) }
    return found
  }
}
