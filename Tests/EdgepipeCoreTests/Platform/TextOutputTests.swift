import Glibc
import Testing

@testable import EdgepipeCore

@Suite struct TextOutputTests {
  /// Both ends of a pipe, closed with it.
  private final class Pipe {
    let reading: Int32, writing: Int32
    private var isReadable = true

    init() throws {
      var ends: [Int32] = [-1, -1]
      // SAFETY: the call writes two descriptors.
      try #require(unsafe pipe(&ends) == 0)
      (reading, writing) = (ends[0], ends[1])
      // As in the command, where a closed pipe is an error code.
      _ = signal(SIGPIPE) { _ in }
    }

    func closeReader() {
      if isReadable { close(reading) }
      isReadable = false
    }

    deinit {
      closeReader()
      close(writing)
    }
  }

  @Test func `given a pipe, when written to, then the text comes and nothing has failed`() throws {
    let pipe = try Pipe(), output = TextOutput(descriptor: pipe.writing)
    output.write("one\n")
    output.write("two\n")
    var bytes = [UInt8](repeating: 0, count: 8)
    // SAFETY: at most as many bytes are written as the array has.
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(pipe.reading, $0.baseAddress, $0.count) }
    #expect(count == 8 && String(decoding: bytes, as: UTF8.self) == "one\ntwo\n")
    #expect(output.failure == nil && output.isOpen)
  }

  @Test func `given a pipe whose reader has gone, when written to, then that is kept, quietly, with 141`() throws {
    let pipe = try Pipe(), output = TextOutput(descriptor: pipe.writing)
    pipe.closeReader()
    output.write("one\n")
    output.write("two\n")
    #expect(output.failure == .readerGone)
    #expect(output.failure?.exit.rawValue == 128 + SIGPIPE && output.failure?.reason == nil)
  }

  @Test func `given a full device, when written to, then the reason is kept, with 74`() throws {
    // SAFETY: a NUL-terminated literal.
    let full = unsafe open("/dev/full", O_WRONLY)
    try #require(full >= 0)
    defer { close(full) }
    let output = TextOutput(descriptor: full)
    output.write("one\n")
    #expect(output.failure == .failed(ENOSPC))
    #expect(output.failure?.exit == .ioError && output.failure?.reason == "No space left on device")
  }

  @Test func `given a descriptor that nobody can write to, when written to, then it counts as closed, with 74`() throws
  {
    // As StandardDescriptors.fill leaves one that was closed.
    // SAFETY: a NUL-terminated literal.
    let empty = unsafe open("/dev/null", O_RDONLY)
    try #require(empty >= 0)
    defer { close(empty) }
    let output = TextOutput(descriptor: empty)
    #expect(!output.isOpen)
    output.write("one\n")
    #expect(output.failure == .closed && output.failure?.exit == .ioError)
    #expect(!StandardDescriptors.canWrite(-1))
  }

  /// A shell's children share its terminal or pipe, and any of them may make it non-blocking.
  @Test func `given a full pipe that does not block, when written to, then it waits for the reader and loses nothing`()
    throws
  {
    let pipe = try Pipe()
    #expect(fcntl(pipe.writing, F_SETFL, O_NONBLOCK) == 0)
    let text = [UInt8](repeating: 0x61, count: 1 << 20)
    let reader = try WorkerThread(name: "reader") { [reading = pipe.reading] in
      var bytes = [UInt8](repeating: 0, count: 1 << 16), count = 0
      while count < 1 << 20 {
        // SAFETY: at most as many bytes are written as the array has.
        let got = unsafe bytes.withUnsafeMutableBytes { unsafe read(reading, $0.baseAddress, $0.count) }
        if got <= 0 { break }
        count += got
      }
    }
    let (count, error) = DescriptorWriting.write(text, to: pipe.writing)
    reader.join()
    #expect(count == text.count && error == nil)
  }

  @Test(arguments: [
    ("-", STDOUT_FILENO), ("/dev/stdout", STDOUT_FILENO), ("/proc/self/fd/1", STDOUT_FILENO),
    ("/dev/stderr", STDERR_FILENO),
  ])
  func `given a name of a standard output, when looked up, then it is not opened anew`(path: String, descriptor: Int32)
  {
    #expect(StandardDescriptors.output(named: path) == descriptor)
    #expect(StandardDescriptors.output(named: path + "x") == nil)
  }
}
