import COnnxRuntime

/// The attributes of one node, readable while its kernel is made.
@safe struct OperatorAttributes {
  // SAFETY: both come from the library, which keeps them for as long as it waits for the kernel to be made; no kernel
  // keeps this value.
  private let library: ONNXRuntimeLibrary
  private let info: OpaquePointer

  init(_ library: ONNXRuntimeLibrary, _ info: OpaquePointer) {
    self.library = library
    unsafe self.info = unsafe info
  }

  func integer(_ name: String) throws(ONNXRuntimeFailure) -> Int {
    var value: Int64 = 0
    // SAFETY: the result is one integer; the name is copied for the call. The same holds below.
    try unsafe library.check(library.api.pointee.KernelInfoGetAttribute_int64(info, name, &value))
    return Int(value)
  }

  /// The value that is given, where the node has no such attribute.
  func integer(_ name: String, default value: Int) -> Int { (try? integer(name)) ?? value }

  func float(_ name: String) throws(ONNXRuntimeFailure) -> Float {
    var value: Float = 0
    try unsafe library.check(library.api.pointee.KernelInfoGetAttribute_float(info, name, &value))
    return value
  }

  func word(_ name: String) throws(ONNXRuntimeFailure) -> String {
    var size = 0
    try unsafe library.check(library.api.pointee.KernelInfoGetAttribute_string(info, name, nil, &size))
    var bytes = [CChar](repeating: 0, count: max(1, size))
    // SAFETY: the call writes at most `size` bytes, the terminating zero among them.
    try unsafe library.check(library.api.pointee.KernelInfoGetAttribute_string(info, name, &bytes, &size))
    return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  func floats(_ name: String) throws(ONNXRuntimeFailure) -> [Float] {
    var count = 0
    try unsafe library.check(library.api.pointee.KernelInfoGetAttributeArray_float(info, name, nil, &count))
    var values = [Float](repeating: 0, count: max(1, count))
    // SAFETY: the call writes `count` elements, as the first one said.
    try unsafe library.check(library.api.pointee.KernelInfoGetAttributeArray_float(info, name, &values, &count))
    guard count > 0, values.allSatisfy(\.isFinite) else {
      throw ONNXRuntimeFailure(
        code: ONNXRuntimeConstant.invalidArgument, message: "attribute '\(name)' holds no numbers")
    }
    return Array(values.prefix(count))
  }

  func integers(_ name: String) throws(ONNXRuntimeFailure) -> [Int] {
    var count = 0
    try unsafe library.check(library.api.pointee.KernelInfoGetAttributeArray_int64(info, name, nil, &count))
    var values = [Int64](repeating: 0, count: max(1, count))
    // SAFETY: as above.
    try unsafe library.check(library.api.pointee.KernelInfoGetAttributeArray_int64(info, name, &values, &count))
    return values.prefix(count).map { Int($0) }
  }
}
