import CPlatform
import Glibc

/// How the process holds its memory.
package enum ProcessMemory {
  /// Makes all threads share one heap: what one has freed, another can use. Call it first in `main`.
  ///
  /// Each worker opens its own session on its own thread, and opening one needs several times the model's size for a
  /// moment. With a heap for each thread, as glibc has it, these moments add up. Frames come from pools, so that the
  /// threads seldom meet at the heap's lock.
  package static func useOneHeap() { _ = ep_use_one_heap() }

  /// What the process holds now, in megabytes of 2^20 bytes; nil where the system does not say.
  package static func residentMB(_ system: SystemTree = SystemTree()) -> Double? {
    // proc(5): size, resident, ... in pages.
    guard let fields = try? system.text("/proc/self/statm").split(separator: " "), fields.count > 1,
      let pages = Int(fields[1])
    else { return nil }
    return Double(pages) * Double(sysconf(Int32(_SC_PAGESIZE))) / Double(1 << 20)
  }
}
