import CEdgepipePlugin

/// A structure of the interface, which begins with its size.
protocol ABIStructure {
  init()
  /// The end of the last field that this program knows.
  static var knownSize: Int { get }
  /// The end of the last field of version 1.0: what every plugin has.
  static var leastSize: Int { get }
}

extension ABIStructure {
  /// Reads a structure of a plugin: what is missing is zero, and a longer one must end in zeros.
  ///
  /// - Throws: where it is shorter than the first version's, or has something in it that this program does not know.
  init(reading pointer: UnsafeRawPointer) throws(PluginFailure) {
    // SAFETY: every structure of the interface begins with its size, and has as many bytes.
    let size = unsafe Int(pointer.loadUnaligned(as: UInt32.self))
    guard size >= Self.leastSize, size <= Self.mostSize else {
      throw PluginFailure(
        .restartStage, "the plugin gave a \(Self.self) of \(size) bytes, not of at least \(Self.leastSize)",
        remedy: "set its size with EDGEPIPE_INIT", code: .mismatch)
    }
    for offset in Self.knownSize..<max(Self.knownSize, size) {
      guard unsafe pointer.load(fromByteOffset: offset, as: UInt8.self) == 0 else {
        throw PluginFailure(
          .restartStage, "the plugin asks for something in its \(Self.self) that this program does not know",
          remedy: "use a newer edgepipe", code: .unsupported)
      }
    }
    self.init()
    unsafe withUnsafeMutableBytes(of: &self) { bytes in
      // SAFETY: the target has at least `knownSize` bytes, the plugin's structure `size`.
      unsafe bytes.copyMemory(
        from: UnsafeRawBufferPointer(start: pointer, count: min(size, Self.knownSize)))
    }
  }

  /// No structure will ever be longer: a size beyond it is no size.
  private static var mostSize: Int { 4096 }
}

extension edgepipe_plugin: ABIStructure {
  static var knownSize: Int { EDGEPIPE_SIZE_edgepipe_plugin }
  static var leastSize: Int { EDGEPIPE_SIZE_edgepipe_plugin }
}

extension edgepipe_stage_type: ABIStructure {
  static var knownSize: Int { EDGEPIPE_SIZE_edgepipe_stage_type }
  static var leastSize: Int { EDGEPIPE_SIZE_edgepipe_stage_type }
}

extension edgepipe_detection: ABIStructure {
  static var knownSize: Int { EDGEPIPE_SIZE_edgepipe_detection }
  static var leastSize: Int { EDGEPIPE_SIZE_edgepipe_detection }
}

extension edgepipe_event: ABIStructure {
  static var knownSize: Int { EDGEPIPE_SIZE_edgepipe_event }
  static var leastSize: Int { EDGEPIPE_SIZE_edgepipe_event }
}

extension edgepipe_attachment: ABIStructure {
  static var knownSize: Int { EDGEPIPE_SIZE_edgepipe_attachment }
  static var leastSize: Int { EDGEPIPE_SIZE_edgepipe_attachment }
}

extension edgepipe_picture: ABIStructure {
  static var knownSize: Int { EDGEPIPE_SIZE_edgepipe_picture }
  static var leastSize: Int { EDGEPIPE_SIZE_edgepipe_picture }
}

extension edgepipe_source_frame: ABIStructure {
  static var knownSize: Int { EDGEPIPE_SIZE_edgepipe_source_frame }
  static var leastSize: Int { EDGEPIPE_SIZE_edgepipe_source_frame }
}
