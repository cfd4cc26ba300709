import CFuzzer
import Foundation

@testable import StillPictures

/// Reads a hostile picture file for what it says beside its pixels.
///
/// Whatever the bytes are: an answer, and an orientation that is one; never a trap, never a read beyond the end.
private func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer gives `count` readable bytes at `start` for the time of the call.
  let bytes = unsafe UnsafeBufferPointer(start: start, count: count).span
  if let orientation = StillFacts(bytes)?.orientation { precondition((1...8).contains(orientation)) }
  _ = JPEGScans.areWhole(bytes)
  _ = GIFFile.isWhole(bytes, needsTrailer: false)
  return 0
}

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
// SAFETY: both live as long as the program; libFuzzer calls `test` on this thread.
exit(unsafe LLVMFuzzerRunDriver(&count, &arguments, test))
