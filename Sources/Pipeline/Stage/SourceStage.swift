import EdgepipeCore

/// A stage that brings frames in: it owns streams, and each has a thread of its own.
public protocol SourceStage: Stage {
  /// The streams that the configuration names.
  var streams: [StreamInfo] { get }

  /// A stream that joins while the run goes on; it is then run like the others.
  ///
  /// - Throws: a ``PipelineError`` when the stage takes no more streams, or not this one.
  func makeStream(id: String, url: String) throws -> StreamInfo

  /// Emits the frames of one stream until its input ends, the output says stop, or an error is thrown.
  func run(_ stream: StreamInfo, _ output: any SourceOutput) throws
}

extension SourceStage {
  public static var role: StageRole { .source }

  public func makeStream(id: String, url: String) throws -> StreamInfo {
    throw PipelineError(
      "stages of type '\(Self.type)' take no streams at run time", remedy: "add it to a source.ffmpeg stage",
      code: .invalidArgument)
  }
}
