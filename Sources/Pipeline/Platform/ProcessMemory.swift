import CPlatform

/// How the process holds its memory.
public enum ProcessMemory {
  /// Makes all threads share one heap: what one has freed, another can use. Call it first in `main`.
  ///
  /// Each worker opens its own session on its own thread, and opening one needs several times the model's size for a
  /// moment. With a heap for each thread, as glibc has it, these moments add up. Frames come from pools, so that the
  /// threads seldom meet at the heap's lock.
  public static func useOneHeap() { _ = ep_use_one_heap() }
}
