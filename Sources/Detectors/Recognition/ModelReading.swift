/// How a model is fed and read: what was said of it and what its file says, brought together and found to agree.
///
/// This is the one check of a model: what `models import` and `validate` accept, a run accepts, and the reverse.
package struct ModelReading: Sendable {
  /// With head, form, classes, input and precision as they are used. Name, file and origin are the manifest's, or else
  /// for the caller to fill in.
  package let manifest: ModelManifest
  package let namesFrom: HeadGuess.NameSource
  /// What is assumed, for the log and the report; nil where a manifest says all of it.
  package let assumption: String?

  /// A file without a manifest.
  ///
  /// - Parameters:
  ///   - model: what errors call it.
  ///   - claims: what options say.
  /// - Throws: a ``PipelineError`` that says what the file looks like, and what to do.
  package init(_ model: String, _ file: ModelDescription, claims: ModelClaims = ModelClaims()) throws {
    let guess = try HeadGuess(model: model, file, claims: claims)
    let input = try PictureInput(file.inputs, model: model, claims: claims)
    var format = guess.head.defaultInput
    Self.settle(&format, input)
    var stride = file.metadata.stride ?? 32
    let fixed = [input.height, input.width].compactMap { $0 }
    let exported = file.metadata.imageSize.map { max($0.height, $0.width) }
    // What is freed anyway and too small for any picture holds the place: CenterFace states 10x3x32x32.
    let stated = fixed.max().flatMap { file.needsFreeing && $0 < 128 ? nil : $0 }
    let side = stated ?? exported ?? guess.head.usualSize
    // A file that fixes its size to what is no multiple of the usual stride is right all the same.
    if !fixed.allSatisfy({ $0 % stride == 0 }) { stride = fixed.reduce(stride, Self.divisor) }
    if fixed.isEmpty, side % stride != 0 { stride = Self.divisor(stride, side) }
    var manifest = ModelManifest(
      name: model, head: guess.head, input: format, inputSize: side, stride: stride, classes: guess.classes,
      anchors: guess.anchors, file: "", sha256: "", licence: "unknown", origin: "", precision: file.precision)
    manifest.form = guess.form
    if let height = input.height, let width = input.width, stride < 16 { manifest.shape = [height, width] }
    try Self.checkTypes(file.outputs, model: model, claims: claims)
    _ = try HeadFactory.make(manifest, outputs: file.outputs)
    self.manifest = manifest
    namesFrom = guess.namesFrom
    assumption = guess.sentence
  }

  /// A file with its manifest.
  ///
  /// - Throws: a ``PipelineError`` that names what the manifest and the file say where both cannot be right.
  package init(_ known: ModelManifest, _ file: ModelDescription, model: String) throws {
    var manifest = known
    let claims = ModelClaims(
      .manifest, head: known.head, form: known.form, classes: known.classes, layout: known.input.layout,
      element: known.input.element)
    let input = try PictureInput(file.inputs, model: model, claims: claims)
    try UnsupportedTask.check(file, model: model, claims: claims)
    Self.settle(&manifest.input, input)
    if known.head.readsOneOutput {
      manifest.form = try OutputChoice(file, input: input, model: model, claims: claims).reading().form
    }
    // Older imports called every file float32.
    if file.precision != "float32", known.precision == "float32" || known.precision == "unknown" {
      manifest.precision = file.precision
    }
    try Self.checkTypes(file.outputs, model: model, claims: claims)
    _ = try HeadFactory.make(manifest, outputs: file.outputs)
    self.manifest = manifest
    namesFrom = .manifest
    assumption = nil
  }

  private static func checkTypes(_ outputs: [TensorDescription], model: String, claims: ModelClaims) throws {
    guard let odd = outputs.first(where: { $0.element != .float32 && $0.element != .float16 }) else { return }
    throw claims.unusable(
      "cannot read the model '\(model)': its output is \(odd.text), neither float32 nor float16",
      remedy: "export it with float outputs")
  }

  private static func settle(_ format: inout InputFormat, _ input: PictureInput) {
    format.layout = input.layout == .nhwc ? .nhwc : nil
    format.element = input.element
    // A model that takes bytes does the rest itself.
    if input.element == .uint8 { (format.mean, format.scale) = ([0, 0, 0], [1, 1, 1]) }
  }

  private static func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }
}
