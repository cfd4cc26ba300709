import EdgepipeCore
public import Foundation

extension ModelManifest {
  /// Larger files are no manifests.
  static let maximumByteCount = 1 << 20

  /// Reads and checks a manifest.
  ///
  /// - Throws: a ``PipelineError``: `invalidConfiguration` when the file is missing, `malformed` when it is not a sound
  ///   manifest.
  public static func read(_ file: URL) throws -> ModelManifest {
    guard let data = FileManager.default.contents(atPath: file.path) else {
      throw PipelineError("cannot read manifest '\(file.path)'", code: .invalidConfiguration)
    }
    guard data.count <= maximumByteCount else {
      throw PipelineError("manifest '\(file.path)' holds \(data.count) bytes, too many", code: .malformed)
    }
    let manifest: ModelManifest
    do {
      manifest = try JSONDecoder().decode(ModelManifest.self, from: data)
    } catch let error as DecodingError {
      throw PipelineError("manifest '\(file.path)' \(Self.explain(error))", code: .malformed)
    }
    if let fault = manifest.fault {
      throw PipelineError("manifest '\(file.path)': \(fault)", code: .malformed)
    }
    return manifest
  }

  /// The manifest as JSON, keys sorted, for people to read.
  public func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return try encoder.encode(self) + Data("\n".utf8)
    } catch {
      throw PipelineError("cannot encode the manifest of '\(name)': \(error)", code: .internalFault)
    }
  }

  /// What is wrong with the values, or nil.
  package var fault: String? {
    if !Self.isUsable(name: name) { return "name '\(name)' may hold letters, digits, '.', '_' and '-' only" }
    if !(1...256).contains(stride) { return "stride \(stride) is not within 1 to 256" }
    if !(stride...8192).contains(inputSize) || inputSize % stride != 0 {
      return "inputSize \(inputSize) is not a multiple of the stride \(stride) up to 8192"
    }
    if let shape, shape.count != 2 || !shape.allSatisfy({ (stride...8192).contains($0) && $0 % stride == 0 }) {
      return "shape \(shape) is not [height, width] in multiples of the stride \(stride) up to 8192"
    }
    if classes.isEmpty || classes.count > 65536 { return "\(classes.count) classes; 1 to 65536 are supported" }
    if input.mean.count != 3 || input.scale.count != 3 { return "mean and scale need three values each" }
    if !(input.mean + input.scale + [input.pad]).allSatisfy(\.isFinite) { return "mean, scale or pad is not a number" }
    if file.isEmpty || file.hasPrefix("/") || file.split(separator: "/").contains("..") {
      return "file '\(file)' is not in the manifest's folder"
    }
    if sha256.count != 64 || !sha256.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) {
      return "sha256 '\(sha256)' is not 64 lower-case hexadecimal digits"
    }
    if let form, !head.forms.contains(form) {
      let known = head.forms.map(\.rawValue).joined(separator: ", ")
      return "head \(head.rawValue) has no form '\(form.rawValue)'"
        + (known.isEmpty ? "; omit 'form'" : "; its forms are \(known)")
    }
    guard head == .yolov3 else { return nil }
    let maps = anchors ?? []
    let sides = maps.flatMap { $0.anchors }
    if maps.isEmpty || !maps.allSatisfy({ (1...256).contains($0.stride) && !$0.anchors.isEmpty })
      || !sides.allSatisfy({ $0.count == 2 && $0.allSatisfy { $0.isFinite && $0 > 0 } })
    {
      return "head yolov3 needs 'anchors': for each output a stride and pairs of width and height"
    }
    return nil
  }

  /// True for names that are one path component, the same on every file system.
  package static func isUsable(name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 100 && name.first != "." && name.first != "-"
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
  }

  private static func explain(_ error: DecodingError) -> String {
    func path(_ context: DecodingError.Context, _ last: String? = nil) -> String {
      (context.codingPath.map(\.stringValue) + [last].compactMap { $0 }).joined(separator: ".")
    }
    return switch error {
    case .keyNotFound(let key, let context): "lacks '\(path(context, key.stringValue))'"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      "has the wrong type at '\(path(context))'"
    case .dataCorrupted(let context):
      context.codingPath.isEmpty ? "is not JSON" : "has a bad value at '\(path(context))': \(context.debugDescription)"
    @unknown default: "cannot be read"
    }
  }
}
