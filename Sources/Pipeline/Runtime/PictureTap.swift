import EdgepipeCore
import Synchronization

/// Keeps single frames with their pictures for those who watch a stream. A frame is chosen when it is admitted, keeps its
/// picture to the end of the graph, and is handed over there with everything that was found. While nobody asks, no frame is
/// chosen.
final class PictureTap: Sendable {
  private struct Slot {
    /// The next frame that is admitted is wanted.
    var isWanted = false
    var frame: Frame?
    /// Counts the frames that were handed over.
    var count = 0
  }

  private let isAsked = Atomic<Bool>(false)
  private let slots = Monitor<[String: Slot]>([:])

  /// Of more streams than a run can have, none is kept.
  private static let mostSlots = 4096

  /// Asks for a frame of the stream that is admitted from now on.
  ///
  /// - Returns: how many were handed over so far.
  func ask(_ stream: String) -> Int {
    slots.withLock { slots in
      if slots.count >= Self.mostSlots, slots[stream] == nil { return 0 }
      slots[stream, default: Slot()].isWanted = true
      isAsked.store(true, ordering: .releasing)
      return slots[stream]?.count ?? 0
    }
  }

  /// The frame that was handed over last, if it came after `count` others.
  ///
  /// - Parameter deadline: until when to wait for it.
  func frame(of stream: String, after count: Int, until deadline: MonotonicTime) -> (frame: Frame, count: Int)? {
    slots.wait(until: deadline) { slots in
      guard let slot = slots[stream], slot.count > count, let frame = slot.frame else { return nil }
      return (frame, slot.count)
    }
  }

  /// Whether a frame of the stream that is admitted now is to keep its picture; true once for each time that was asked.
  func chooses(_ stream: String) -> Bool {
    guard isAsked.load(ordering: .acquiring) else { return false }
    return slots.withLock { slots in
      guard slots[stream]?.isWanted == true else { return false }
      slots[stream]?.isWanted = false
      isAsked.store(slots.values.contains(where: \.isWanted), ordering: .releasing)
      return true
    }
  }

  func take(_ frame: Frame) {
    slots.change { slots in
      var slot = slots[frame.header.stream.id] ?? Slot()
      (slot.frame, slot.count) = (frame, slot.count + 1)
      slots[frame.header.stream.id] = slot
    }
  }

  /// Nobody needs the last picture any more.
  func release(_ stream: String) { slots.withLock { $0[stream]?.frame = nil } }
}
