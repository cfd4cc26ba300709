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
    var watchers = 0
  }

  private let isAsked = Atomic<Bool>(false)
  private let slots = Monitor<[String: Slot]>([:])

  /// Somebody asks for frames of the stream from time to time.
  func watch(_ stream: String) { slots.withLock { $0[stream, default: Slot()].watchers += 1 } }

  /// Somebody asks no more; after the last one the picture is given back.
  func unwatch(_ stream: String) {
    slots.withLock { slots in
      guard let watchers = slots[stream]?.watchers else { return }
      slots[stream]?.watchers = watchers - 1
      if watchers <= 1 { slots[stream] = nil }
      note(slots)
    }
  }

  /// Asks for a frame of the stream that is admitted from now on; only those who watch it may.
  ///
  /// - Returns: how many were handed over so far.
  func ask(_ stream: String) -> Int {
    slots.withLock { slots in
      guard let count = slots[stream]?.count else { return 0 }
      slots[stream]?.isWanted = true
      note(slots)
      return count
    }
  }

  /// The frame that was handed over last, if it came after `count` others.
  ///
  /// - Parameter deadline: until when to wait for it.
  func frame(of stream: String, after count: Int, until deadline: MonotonicTime) -> Frame? {
    slots.wait(until: deadline) { slots in
      slots[stream].flatMap { $0.count > count ? $0.frame : nil }
    }
  }

  /// Whether a frame of the stream that is admitted now is to keep its picture; true once for each time that was asked.
  func chooses(_ stream: String) -> Bool {
    guard isAsked.load(ordering: .acquiring) else { return false }
    return slots.withLock { slots in
      guard slots[stream]?.isWanted == true else { return false }
      slots[stream]?.isWanted = false
      note(slots)
      return true
    }
  }

  /// Frames look here first: while nobody asks, there is nothing to lock for.
  private func note(_ slots: [String: Slot]) {
    isAsked.store(slots.values.contains(where: \.isWanted), ordering: .releasing)
  }

  func take(_ frame: Frame) {
    slots.change { slots in
      guard let count = slots[frame.header.stream.id]?.count else { return }
      slots[frame.header.stream.id]?.frame = frame
      slots[frame.header.stream.id]?.count = count + 1
    }
  }
}
