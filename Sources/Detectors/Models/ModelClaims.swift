import EdgepipeCore

/// What a person says of a model, with options or in a manifest. It goes before what the file says; where the two
/// cannot both be right, the model is refused.
package struct ModelClaims: Sendable {
  /// Who said it, for errors.
  enum Source: Sendable {
    /// Nobody: a pipeline names the file.
    case none
    case options
    case manifest
  }

  var source: Source
  var head: ModelManifest.Head?
  var form: ModelManifest.Form?
  var classes: [String]?
  var layout: TensorLayout?
  var element: TensorElement?

  init(
    _ source: Source = .none, head: ModelManifest.Head? = nil, form: ModelManifest.Form? = nil,
    classes: [String]? = nil, layout: TensorLayout? = nil, element: TensorElement? = nil
  ) {
    self.source = source
    self.head = head
    self.form = form
    self.classes = classes
    self.layout = layout
    self.element = element
  }

  var words: String {
    switch source {
    case .none, .options: "the options say"
    case .manifest: "its manifest says"
    }
  }

  /// The model can run, once somebody says what it is.
  func unsaid(_ message: String, remedy: String) -> PipelineError {
    PipelineError(message, remedy: remedy, code: source == .options ? .invalidArgument : .invalidConfiguration)
  }

  /// The model cannot run here.
  func unusable(_ message: String, remedy: String? = nil) -> PipelineError {
    PipelineError(message, remedy: remedy, code: source == .options ? .unsupported : .invalidConfiguration)
  }

  /// What was said and what the file shows exclude each other.
  func contradiction(_ message: String, remedy: String) -> PipelineError {
    let code: PipelineError.Code =
      switch source {
      case .none: .invalidConfiguration
      case .options: .invalidArgument
      case .manifest: .mismatch
      }
    return PipelineError(message, remedy: remedy, code: code)
  }
}
