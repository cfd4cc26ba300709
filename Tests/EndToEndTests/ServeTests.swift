import EdgepipeCore
import Foundation
import Glibc
import Pipeline
import PipelineTestSupport
import Synchronization
import Testing

@Suite("The command: serve, with runs of real video", .enabled(if: ServiceSpace.clip != nil, "needs the data folder"))
struct ServeTests {
  @Test(
    "given several pipelines, when they run and SIGTERM comes, then all drain: results are whole, reports are written")
  func drains() throws {
    let rig = try ServiceSpace(), names = ["a", "b", "c"]
    for name in names { try rig.addPipeline(name) }
    let service = try rig.serve()
    for name in names { try rig.eventually("\(name) delivers", service) { try rig.frames(name).count >= 3 } }
    let said = try rig.terminate(service)
    for name in names {
      #expect(said.contains("\(name): stopped (exit status 0)"))
      try rig.expectWhole(name)
      #expect(rig.processes(name).isEmpty && rig.holder(name) == nil)
    }
  }

  @Test("given two pipelines, when the run of one is killed, then it starts again, and the other goes on unharmed")
  func restarts() throws {
    let rig = try ServiceSpace()
    for name in ["a", "b"] { try rig.addPipeline(name) }
    let service = try rig.serve()
    for name in ["a", "b"] { try rig.eventually("\(name) delivers", service) { try rig.frames(name).count >= 3 } }
    let first = try #require(rig.holder("a")), other = try #require(rig.holder("b"))
    kill(first, SIGKILL)
    // Its results are added to those of the run before.
    try rig.eventually("a delivers again", service) {
      try rig.frames("a").count(where: { $0 == 0 }) == 2 && rig.frames("a").last ?? 0 >= 3
    }
    let second = try #require(rig.holder("a"))
    #expect(second != first && rig.holder("b") == other)
    let seen = try rig.frames("b").count
    try rig.eventually("b goes on", service) { try rig.frames("b").count > seen }
    let said = try rig.terminate(service)
    #expect(said.contains("warning: a: ended by itself (signal 9); starting again in 1 s"), "\(said)")
    #expect(!said.contains("warning: b"), "\(said)")
    try rig.expectWhole("b")
  }

  @Test("given a pipeline file that is wrong, when served beside others, then they run, and its mistake is told")
  func wrongFile() throws {
    let rig = try ServiceSpace()
    try rig.addPipeline("good")
    try #"{ "version": 1, "stages": [ { "id": "x", "type": "sink.nothing" } ] }"#.write(
      toFile: rig.space.path("p/bad.json"), atomically: true, encoding: .utf8)
    let service = try rig.serve()
    try rig.eventually("good delivers", service) { try rig.frames("good").count >= 3 }
    try rig.eventually("bad is told", service) { service.errorsSoFar.contains("starting again in 60 s") }
    let said = try rig.terminate(service)
    #expect(said.contains("warning: bad: ended by itself (exit status 78: "), "\(said)")
    #expect(said.contains("sink.nothing"), "\(said)")
    try rig.expectWhole("good")
  }

  /// How many processes each pipeline has had, looked at as often as the machine lets.
  private final class Watch: Sendable {
    private struct Seen {
      var most = 0
      var ever: Set<Int32> = []
    }

    private let seen = Mutex<[String: Seen]>([:])
    private let isOver = Atomic(false)

    func run(_ rig: ServiceSpace, _ names: [String], while body: () throws -> Void) throws {
      // The space outlives the thread, and its paths do not change.
      nonisolated(unsafe) let rig = rig
      let thread = try WorkerThread(name: "watch") { [self] in
        while !isOver.load(ordering: .relaxed) {
          for name in names {
            let there = unsafe rig.processes(name)
            seen.withLock { seen in
              seen[name, default: Seen()].most = max(seen[name]?.most ?? 0, there.count)
              seen[name]?.ever.formUnion(there)
            }
          }
          usleep(1000)
        }
      }
      defer {
        isOver.store(true, ordering: .relaxed)
        thread.join()
      }
      try body()
    }

    func most(_ name: String) -> Int { seen.withLock { $0[name]?.most ?? 0 } }
    func ever(_ name: String) -> Set<Int32> { seen.withLock { $0[name]?.ever ?? [] } }
  }

  @Test("given a supervisor that is killed while its run starts, when the next one comes, then it takes that run over")
  func killedWhileStarting() throws {
    let rig = try ServiceSpace()
    try rig.addPipeline("a")
    var random = SplitMix64(seed: 6)
    for _ in 0..<5 {
      let watch = Watch()
      try watch.run(rig, ["a"]) {
        let first = try rig.serve()
        try rig.eventually("a run is on its way", first) { !rig.processes("a").isEmpty }
        // Before the run has its lock, or soon after.
        usleep(.random(in: 0...100_000, using: &random))
        try rig.kill9(first)
        let next = try rig.serve()
        try rig.eventually("it goes on", next) {
          next.errorsSoFar.contains("a: process \(rig.holder("a") ?? 0) goes on")
        }
        #expect(try watch.ever("a") == [#require(rig.holder("a"))])
        _ = try rig.terminate(next)
      }
      #expect(watch.most("a") == 1)
    }
  }

  @Test(
    "given a supervisor that is killed at any instant, when the next ones come, then no run starts twice or loses a frame",
    arguments: [1, 2])
  func takeover(seed: UInt64) throws {
    let rig = try ServiceSpace(), names = ["a", "b"], watch = Watch()
    for name in names { try rig.addPipeline(name) }
    var random = SplitMix64(seed: seed)
    try watch.run(rig, names) {
      let first = try rig.serve()
      for name in names { try rig.eventually("\(name) delivers", first) { try rig.frames(name).count >= 3 } }
      let holders = try names.map { name in try #require(rig.holder(name)) }
      try rig.kill9(first)
      for _ in 0..<5 {
        let service = try rig.serve()
        usleep(.random(in: 0...700_000, using: &random))
        try rig.kill9(service)
      }
      let last = try rig.serve()
      for (name, id) in zip(names, holders) {
        let seen = try rig.frames(name).count
        try rig.eventually("\(name) is taken over", last) {
          last.errorsSoFar.contains("\(name): process \(id) goes on")
        }
        try rig.eventually("\(name) goes on", last) { try rig.frames(name).count >= seen + 3 }
        #expect(watch.ever(name) == [id], "one run from the first start on")
      }
      _ = try rig.terminate(last)
    }
    for name in names {
      #expect(watch.most(name) == 1)
      try rig.expectWhole(name)
    }
  }

  @Test("given a supervisor, when a second one wants its state folder, then it is refused, and the first goes on")
  func second() throws {
    let rig = try ServiceSpace()
    try rig.addPipeline("a")
    let service = try rig.serve()
    try rig.eventually("a runs", service) { rig.holder("a") != nil }
    let owner = try #require(RunLock.holder(of: rig.space.path("s/service.lock")))
    let result = try rig.serve().finish()
    #expect(result.status == 69)
    #expect(
      result.errors
        == "error: a service with this state folder already runs (process \(owner)): 's/service.lock' is locked; "
        + "end that process first\n")
    #expect(rig.processes("a").count == 1)
    _ = try rig.terminate(service)
  }

  @Test(
    "given a run that a dead supervisor has left, when the next one does not have it, then it drains and others stay")
  func strangers() throws {
    let rig = try ServiceSpace()
    for name in ["a", "b"] { try rig.addPipeline(name) }
    let first = try rig.serve()
    for name in ["a", "b"] { try rig.eventually("\(name) delivers", first) { try rig.frames(name).count >= 3 } }
    let kept = try #require(rig.holder("a"))
    try rig.kill9(first)
    let next = try rig.serve("p/a.json")
    try rig.eventually("b ends", next) { rig.holder("b") == nil }
    #expect(next.errorsSoFar.contains("runs a pipeline that the service no longer has; draining it"))
    #expect(rig.holder("a") == kept)
    _ = try rig.terminate(next)
    for name in ["a", "b"] { try rig.expectWhole(name) }
  }

  @Test("given a run whose supervisor has gone, when its time alone is over, then it drains by itself")
  func alone() throws {
    let rig = try ServiceSpace()
    try rig.addPipeline("a")
    let running = try Command.Running(
      ["run", "p/a.json", "--control", "c.sock", "--supervised", "lock", "--report", "report.json"], in: rig.folder)
    try rig.eventually("it delivers", running) { try rig.frames("a").count >= 3 }
    // Its socket's path may be too long from here.
    let socket = "/proc/self/fd/\(unsafe open(rig.folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))/c.sock"
    do {
      let supervisor = try ControlClient(path: socket)
      _ = try supervisor.ask("supervise", ["limit": .int(1)])
    }
    let result = try running.finish()
    #expect(result.status == 0)
    #expect(result.errors.contains("draining: no supervisor has made contact for"), "\(result.errors)")
    let frames = try rig.frames("a")
    #expect(frames == Array(0..<frames.count))
    #expect(try #require(rig.space.report()["ledger"] as? [String: Any])["balanced"] as? Bool == true)
  }

  @Test("given runs that are only on their way, when SIGTERM comes, then the service ends in order and leaves none")
  func terminatedEarly() throws {
    let rig = try ServiceSpace()
    for name in ["a", "b"] { try rig.addPipeline(name) }
    let service = try rig.serve()
    try rig.eventually("a run starts", service) { !rig.processes("a").isEmpty }
    _ = try rig.terminate(service)
    for name in ["a", "b"] { #expect(rig.processes(name).isEmpty && rig.holder(name) == nil) }
  }

  @Test("given a state folder that cannot be used, when served, then the error names it and nothing starts")
  func unusableState() throws {
    let rig = try ServiceSpace()
    try rig.addPipeline("a")
    let long = String(repeating: "s", count: 100)
    let tooLong = try Command.run(["serve", "p", "--state", long], in: rig.folder)
    #expect(tooLong.status == 64)
    #expect(tooLong.errors.contains("the path of the state folder is too long: '\(long)/runs/a/control.sock'"))
    #expect(tooLong.errors.contains("give --state FOLDER a shorter path"))
    let noFolder = try Command.run(["serve", "p", "--state", "p/a.json/state"], in: rig.folder)
    #expect(noFolder.status == 74)
    #expect(noFolder.errors.contains("cannot create the folder 'p/a.json"), "\(noFolder.errors)")
    let none = try Command.run(["serve", "nothing.json"], in: rig.folder)
    #expect(none.status == 66 && none.errors.contains("cannot read 'nothing.json'"), "\(none.errors)")
    #expect(rig.processes("a").isEmpty)
  }
}
