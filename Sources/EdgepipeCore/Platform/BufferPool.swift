import Synchronization

/// Aligned memory that is used again and again: in steady state a pool allocates nothing.
///
/// A pool never makes anybody wait. It grows to the number of buffers in use at once, which the limit on frames in
/// flight bounds. Safe to use from any thread.
public final class BufferPool: Sendable {
  /// One block of memory; it returns to its pool when the last reference goes.
  @safe public final class Buffer: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): one writer fills the buffer before it is shared; afterwards it is only read.
    public let byteCount: Int
    @usableFromInline let memory: UnsafeMutableRawPointer
    private let pool: BufferPool

    fileprivate init(memory: UnsafeMutableRawPointer, byteCount: Int, pool: BufferPool) {
      unsafe self.memory = memory
      self.byteCount = byteCount
      self.pool = pool
    }

    deinit { unsafe pool.take(back: memory, byteCount: byteCount) }

    /// The bytes, 64-byte aligned. The pointer is valid during `body` only.
    @inlinable
    public func withBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) throws -> Result) rethrows -> Result {
      // SAFETY: `memory` holds `byteCount` bytes for as long as this object lives, and `self` is alive during the call.
      try unsafe body(UnsafeMutableRawBufferPointer(start: memory, count: byteCount))
    }
  }

  @safe private struct FreeList: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the pointers are owned by the list, which is only touched under the pool's lock.
    var blocks: [Int: [UnsafeMutableRawPointer]] = unsafe [:]
    var order: [Int] = []
  }

  private static let alignment = 64
  private let free = Mutex(FreeList())

  public init() {}

  deinit {
    free.withLock { list in
      unsafe list.blocks.values.joined().forEach { unsafe $0.deallocate() }
    }
  }

  /// A buffer of at least one byte, its content undefined.
  package func buffer(byteCount: Int) -> Buffer {
    let size = max(1, byteCount)
    let recycled = unsafe free.withLock { list in unsafe list.blocks[size]?.popLast() }
    let memory = unsafe recycled ?? UnsafeMutableRawPointer.allocate(byteCount: size, alignment: Self.alignment)
    return unsafe Buffer(memory: memory, byteCount: size, pool: self)
  }

  /// How many sizes are kept: a stream that changes its size leaves its old buffers behind, the oldest go first.
  private static let keptSizes = 4

  private func take(back memory: UnsafeMutableRawPointer, byteCount: Int) {
    nonisolated(unsafe) let memory = unsafe memory
    free.withLock { list in
      if unsafe list.blocks[byteCount] == nil {
        list.order.append(byteCount)
        if list.order.count > Self.keptSizes {
          let dropped = list.order.removeFirst()
          unsafe list.blocks.removeValue(forKey: dropped)?.forEach { unsafe $0.deallocate() }
        }
      }
      unsafe list.blocks[byteCount, default: []].append(memory)
    }
  }
}
