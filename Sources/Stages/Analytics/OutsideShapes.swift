import EdgepipeCore
import Logging
import Pipeline
import Synchronization

/// The zones or lines of a stage that lie outside of their streams' pictures, each told once: reconnections and new
/// files do not tell it again, another size of picture does.
final class OutsideShapes: Sendable {
  private struct Key: Hashable, Comparable {
    let name: String
    let stream: String
    let width: Int
    let height: Int

    static func < (a: Self, b: Self) -> Bool {
      (a.name, a.stream, a.width, a.height) < (b.name, b.stream, b.width, b.height)
    }
  }

  /// A camera may change its picture's size indefinitely.
  static let most = 4096

  /// `zone` or `line`.
  private let kind: String
  private let logger: Logger
  private let known = Mutex<Set<Key>>([])

  init(kind: String, logger: Logger) {
    self.kind = kind
    self.logger = logger
  }

  /// - Parameter consequence: such as `nothing can enter it`.
  func warn(_ name: String, _ header: FrameHeader, consequence: String) {
    let key = Key(name: name, stream: header.stream.id, width: header.width, height: header.height)
    guard known.withLock({ $0.count < Self.most && $0.insert(key).inserted }) else { return }
    logger.warning(
      """
      the \(kind) '\(name)' is outside the picture of '\(key.stream)', which has \(key.width)x\(key.height) pixels, \
      or at its very edge: \(consequence)
      """
    )
  }

  /// For the report; nil where there are none.
  var fact: ReportValue? {
    let known = known.withLock { $0.sorted() }
    guard !known.isEmpty else { return nil }
    return .list(
      known.map { key in
        .object([kind: .string(key.name), "stream": .string(key.stream), "size": .string("\(key.width)x\(key.height)")])
      })
  }
}
