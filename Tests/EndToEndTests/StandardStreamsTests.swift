import Foundation
import PipelineTestSupport
import Testing

/// Descriptors as supervisors and shells leave them.
@Suite("The command: standard input, output and error")
struct StandardStreamsTests {
  /// Twenty frames into a file.
  private func pipeline(_ space: Workspace, path: String = "events.jsonl", frames: Int = 20) throws {
    _ = try space.pipeline(
      """
      { "id": "camera", "type": "source.synthetic", "config": { "frames": \(frames), "fps": 10000, "live": false } },
      { "id": "out", "type": "sink.jsonl", "after": ["camera"], "config": { "path": "\(path)" } }
      """)
  }

  private func isCrash(_ text: String) -> Bool { text.contains("Fatal error") || text.contains("crashed") }

  @Test(
    "given a run whose standard output or error is closed, full or not read, when it ends, then results and report are whole",
    arguments: [
      ("set -o pipefail; $E run pipeline.json --report r.json | true", [Int32(141)]),
      ("set -o pipefail; $E run pipeline.json --report r.json --json | true", [141]),
      ("$E run pipeline.json --report r.json > /dev/full", [74]),
      ("$E run pipeline.json --report r.json --quiet > /dev/full", [0]),
      ("$E run pipeline.json --report r.json >&-", [0]), ("$E run pipeline.json --report r.json >&- 2>&-", [0]),
      ("$E run pipeline.json --report r.json 0<&- >&- 2>&-", [0]),
      ("$E run pipeline.json --report r.json --json >&-", [74]),
      ("$E run pipeline.json --report r.json 2>/dev/full", [0]),
      ("$E run pipeline.json --report r.json --verbose 2>&-", [0]),
    ])
  func runIsWhole(line: String, statuses: [Int32]) throws {
    let space = try Workspace()
    try pipeline(space)
    let result = try Command.shell(line, in: space.folder)
    #expect(statuses.contains(result.status), "\(result.errors)")
    #expect(!isCrash(result.errors))
    let ledger = try #require(space.report("r.json")["ledger"] as? [String: Any])
    #expect(ledger["delivered"] as? Int == 20)
    let lines = try space.lines("events.jsonl")
    #expect(lines.count == 20 && lines.allSatisfy { $0["type"] as? String == "frame" })
  }

  @Test(
    "given lines on standard output, when their reader goes, then the run ends with 141, quietly, and the report is written",
    arguments: ["-", "/dev/stdout"])
  func readerGoes(path: String) throws {
    let space = try Workspace()
    // More than a pipe holds.
    try pipeline(space, path: path, frames: 50_000)
    let result = try Command.shell(
      "set -o pipefail; $E run pipeline.json --quiet --report r.json | head -1", in: space.folder)
    #expect(result.status == 141)
    #expect(result.errors == "")
    #expect(try JSONLines.parse(result.output).count == 1)
    #expect(try space.report("r.json")["ledger"] is [String: Any])
  }

  @Test(
    "given lines on a standard output that cannot take them, when run, then the status is 74 with a sentence, and the report is written",
    arguments: [("-", ">&-"), ("-", "> /dev/full"), ("/dev/stdout", ">&-"), ("/dev/stdout", "> /dev/full")])
  func linesNowhere(path: String, redirection: String) throws {
    let space = try Workspace()
    try pipeline(space, path: path)
    let result = try Command.shell("$E run pipeline.json --report r.json \(redirection)", in: space.folder)
    #expect(result.status == 74)
    #expect(result.errors.contains("cannot write '\(path)'"), "\(result.errors)")
    #expect(try space.report("r.json")["ledger"] is [String: Any])
  }

  /// Every command that prints, and what the argument parser prints.
  private static let commands = [
    "schema", "stages", "stages detect.yolo", "models list", "models list --json", "models info yolox-nano --json",
    "devices", "devices --json", "tco --example", "--help", "--version", "help run", "models pull --help",
    "--generate-completion-script bash",
  ]

  @Test(
    "given a command that prints, when the disk is full, the reader goes or nobody listens, then it says so by its status",
    arguments: commands)
  func printed(command: String) throws {
    let space = try Workspace()
    let full = try Command.shell("$E \(command) > /dev/full", in: space.folder)
    #expect(full.status == 74)
    #expect(full.errorLines.count == 1 && full.errors.contains("No space left on device"), "\(full.errors)")
    let gone = try Command.shell("set -o pipefail; $E \(command) | true", in: space.folder)
    // 0 where all was written before the reader went.
    #expect([0, 141].contains(gone.status) && gone.errors == "")
    let closed = try Command.shell("$E \(command) >&-", in: space.folder)
    #expect(closed.status == 74 && closed.errorLines.count == 1, "\(closed.errors)")
  }

  @Test(
    "given wrong usage or a missing file, when standard error is full or closed, then the status is the same",
    arguments: [
      ("--nonsense", Int32(64)), ("run", 64), ("run missing.json", 66), ("stages nothing", 64),
      ("validate bad.json", 78),
    ])
  func errorsNowhere(command: String, status: Int32) throws {
    let space = try Workspace()
    try "{".write(toFile: space.path("bad.json"), atomically: true, encoding: .utf8)
    for redirection in ["", "2>/dev/full", "2>&-", ">&- 2>&-", "0<&- >&- 2>&-"] {
      let result = try Command.shell("$E \(command) \(redirection)", in: space.folder)
      #expect(result.status == status, "\(redirection)")
      #expect(!isCrash(result.errors))
    }
  }

  @Test("given a validation, when nobody listens, then its status is the answer")
  func validation() throws {
    let space = try Workspace()
    try pipeline(space)
    #expect(try Command.shell("$E validate pipeline.json >&-", in: space.folder).status == 0)
    #expect(try Command.shell("$E validate pipeline.json > /dev/full", in: space.folder).status == 74)
  }

  /// What a closed window or a lost connection is to the programs in it.
  @Test("given a run on a terminal, when the terminal goes, then it drains, ends with 0, and the report is written")
  func terminalGoes() throws {
    let space = try Workspace()
    try pipeline(space, frames: 1000)
    try """
    import os, pty, sys
    child, terminal = pty.fork()
    if child == 0:
        os.execv(os.environ["E"], ["edgepipe", "run", "pipeline.json", "--set", "camera.fps=20", "--report", "r.json"])
    # The live line comes once the run goes on.
    while b"delivered" not in (said := os.read(terminal, 4096)) and b"fps" not in said: pass
    os.close(terminal)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """.write(toFile: space.path("window.py"), atomically: true, encoding: .utf8)
    let result = try Command.shell("python3 window.py", in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let ledger = try #require(space.report("r.json")["ledger"] as? [String: Any])
    let lines = try space.lines("events.jsonl")
    #expect(lines.count < 1000 && ledger["delivered"] as? Int == lines.count)
  }

  @Test("given a limit on file sizes, when results reach it, then the status is 74 and the lines are whole")
  func fileSizeLimit() throws {
    let space = try Workspace()
    try pipeline(space, frames: 2000)
    // In units of 1024 bytes; standard error is a file as well.
    let result = try Command.shell("ulimit -f 32; exec $E run pipeline.json --quiet --report r.json", in: space.folder)
    #expect(result.status == 74, "\(result.errors)")
    #expect(result.errors.contains("File too large"), "\(result.errors)")
    let lines = try space.lines("events.jsonl")
    #expect(lines.count > 10 && lines.count < 2000)
    #expect(try space.report("r.json")["ledger"] is [String: Any])
  }

  @Test(
    "given a pipeline on standard input or in a pipe, when run, then it runs as from a file",
    arguments: [
      "$E run - < pipeline.json", "cat pipeline.json | $E run -", "$E run /dev/stdin < pipeline.json",
      "cat pipeline.json | $E run /dev/stdin", "$E run <(cat pipeline.json)",
      "$E run - --record t.trace < pipeline.json",
      "mkfifo f; cat pipeline.json > f & $E run f", "$E profile <(cat pipeline.json)",
      "cat pipeline.json | $E validate - && $E run pipeline.json",
    ])
  func pipelineFromPipe(line: String) throws {
    let space = try Workspace()
    try pipeline(space)
    let result = try Command.shell(line, in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try space.lines("events.jsonl").count == 20)
  }

  @Test("given a pipeline in a pipe, when it is wrong, too large or not there, then the error names the place")
  func badPipelineFromPipe() throws {
    let space = try Workspace()
    let cut = try Command.shell("echo '{' | $E validate -", in: space.folder)
    #expect(cut.status == 78 && cut.errors.hasPrefix("standard input:2:1: "), "\(cut.errors)")
    let large = try Command.shell("head -c 3000000 /dev/zero | $E run -", in: space.folder)
    #expect(large.status == 78 && large.errors.contains("a pipeline file has at most 1048576"), "\(large.errors)")
    let closed = try Command.shell("$E run - 0<&-", in: space.folder)
    #expect(closed.status == 66 && closed.errors.contains("standard input is closed"), "\(closed.errors)")
    let empty = try Command.shell("$E run - < /dev/null", in: space.folder)
    #expect(empty.status == 78, "\(empty.errors)")
  }

  @Test("given two pipelines in pipes, when compared, then the runs of both can read them")
  func comparedFromPipes() throws {
    let space = try Workspace()
    try pipeline(space)
    let result = try Command.shell(
      "$E ab <(cat pipeline.json) - --repeats 2 --rounds 1 --frames 5 --report ab.json < pipeline.json",
      in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test("given --quiet and --verbose, when both are there, then the last one counts")
  func quietAndVerbose() throws {
    let space = try Workspace()
    try pipeline(space)
    let quiet = try Command.shell("$E run pipeline.json --verbose --quiet", in: space.folder)
    #expect(quiet.status == 0 && quiet.output == "" && quiet.errors == "")
    let verbose = try Command.shell("$E run pipeline.json --quiet -v", in: space.folder)
    #expect(verbose.status == 0 && verbose.output.contains("20 admitted"))
  }
}
