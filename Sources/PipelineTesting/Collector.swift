import EdgepipeCore
import Foundation
public import Pipeline
import Synchronization

/// Frames that reached a sink, in order.
public final class Collector: Sendable {
  private let frames = Mutex<[Frame]>([])
  private let arrival = DispatchSemaphore(value: 0)

  public init() {}

  public func add(_ frame: Frame) {
    frames.withLock { $0.append(frame) }
    arrival.signal()
  }

  /// Waits until so many frames have come.
  public func wait(for count: Int) {
    while frames.withLock({ $0.count }) < count { arrival.wait() }
  }

  public var all: [Frame] { frames.withLock { $0 } }
  public var sequences: [Int] { all.map(\.header.sequence) }
  public func sequences(of stream: String) -> [Int] {
    all.filter { $0.header.stream.id == stream }.map(\.header.sequence)
  }
}
