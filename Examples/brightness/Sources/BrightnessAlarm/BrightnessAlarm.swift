import EdgepipeCore
@_spi(Pixels) import Pipeline
import Synchronization

/// Reports when the picture becomes dark or bright: a lamp that fails, a covered lens, a door that opens.
///
/// Input: frames with pictures. Output: the same frames, with an event `brightness.dark` or `brightness.bright` on the
/// first frame of each change. Drops nothing.
///
/// ```json
/// { "id": "light", "type": "example.brightness", "after": ["camera"], "config": { "dark": 0.2 } }
/// ```
public final class BrightnessAlarm: FrameStage, AdjustableStage {
  public struct Configuration: StageConfiguration {
    public var dark = 0.25
    public var bright = 0.35

    public static let options: [ConfigurationOption<Self>] = [
      .init(
        "dark", \.dark, .number(0...1), changeable: true, "The mean brightness below which the picture is dark."),
      .init(
        "bright", \.bright, .number(0...1), changeable: true,
        "The mean brightness above which a dark picture is bright again."),
    ]

    public init() {}
  }

  public static let type = "example.brightness"
  public static let summary = "Reports when the picture becomes dark or bright."
  public static let role = StageRole.transform
  public static let needsImage = true

  private let configuration: Configuration
  private let id: String
  private let changes = Atomic<Int>(0)

  public init(_ configuration: Configuration, context: StageContext) throws {
    id = context.id
    self.configuration = configuration
    _ = try adjustment(for: configuration)
  }

  public func adjustment(for configuration: Configuration) throws -> Configuration {
    guard configuration.dark <= configuration.bright else {
      throw PipelineError(
        "'dark' of '\(id)' is more than its 'bright'", remedy: "make 'bright' the larger one",
        code: .invalidConfiguration)
    }
    return configuration
  }

  public func makeWorker(_ context: WorkerContext) -> any FrameWorker { Worker(self) }

  public var facts: [String: ReportValue] { ["changes": .int(changes.load(ordering: .relaxed))] }

  private final class Worker: FrameWorker {
    private let stage: BrightnessAlarm
    private var options: AdjustedOptions<Configuration>
    private var isDark: [String: Bool] = [:]

    init(_ stage: BrightnessAlarm) {
      self.stage = stage
      options = AdjustedOptions(of: stage.id, initial: stage.configuration)
    }

    func process(_ frame: Frame) throws -> FrameOutcome {
      options.follow(frame)
      guard let brightness = frame.withPixels(Brightness.mean(of:)) ?? nil else { return .emit(frame) }
      let stream = frame.header.stream.id
      let wasDark = isDark[stream]
      let isNowDark = brightness < (wasDark == true ? options.value.bright : options.value.dark)
      isDark[stream] = isNowDark
      guard let wasDark, wasDark != isNowDark else { return .emit(frame) }
      stage.changes.wrappingAdd(1, ordering: .relaxed)
      var frame = frame
      frame.add(
        FrameEvent(
          stage: stage.id, kind: isNowDark ? "brightness.dark" : "brightness.bright",
          fields: [.init("brightness", .rounded(brightness))]))
      return .emit(frame)
    }
  }
}

enum Brightness {
  /// Formats whose first plane is luma with one byte a pixel.
  private static let formats: Set = [
    "gray", "nv12", "yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p",
  ]

  /// The mean luma, in 0...1; every eighth row and value is enough. Nil for pictures of other formats.
  static func mean(of pixels: PixelPlanes) -> Double? {
    guard formats.contains(pixels.format), let luma = pixels.planes.first else { return nil }
    var sum = 0, count = 0
    for row in Swift.stride(from: 0, to: luma.height, by: 8) {
      luma.withRow(row) { values in
        for index in Swift.stride(from: 0, to: values.count, by: 8) {
          sum += Int(values[index])
          count += 1
        }
      }
    }
    guard count > 0 else { return nil }
    let mean = Double(sum) / Double(count)
    return pixels.isFullRange ? mean / 255 : min(1, max(0, (mean - 16) / 219))
  }
}
