// What a call of a plugin that does nothing costs: see Benchmarks/plugins, which builds this.
import EdgepipeCore
import EdgepipePluginHost
import EdgepipePlugins
import Foundation

let arguments = CommandLine.arguments
guard arguments.count == 5, let rounds = Int(arguments[4]) else { exit(64) }
let host = arguments[1], library = arguments[2], script = arguments[3]

func frame(_ sequence: Int, _ picture: PluginPicture?) -> PluginFrame {
  var frame = PluginFrame(
    stream: "camera", sourceStage: "camera", source: "bench", sequence: sequence, mediaTime: MediaTime(nanoseconds: 0),
    captured: MonotonicTime(nanoseconds: 1), capturedWall: WallTime(nanoseconds: 1), now: MonotonicTime(nanoseconds: 1),
    width: picture?.width ?? 16, height: picture?.height ?? 16)
  frame.picture = picture
  return frame
}

/// Planes of yuv420p with rows as a decoder leaves them.
func picture(_ width: Int, _ height: Int) -> PluginPicture {
  let planes = [(width, height), (width / 2, height / 2), (width / 2, height / 2)].map { bytes, rows in
    let stride = bytes + 64
    // SAFETY: never freed, as the program ends soon.
    let start = UnsafeMutablePointer<UInt8>.allocate(capacity: stride * rows)
    unsafe start.initialize(repeating: 7, count: stride * rows)
    return unsafe PluginPicture.Plane(start: start, stride: stride, rowBytes: bytes, rows: rows)
  }
  return PluginPicture(format: "yuv420p", width: width, height: height, planes: planes)
}

/// Pictures in turns, so that each has left the caches, as that of a camera has.
struct Pictures {
  let list: [PluginPicture]
  init(_ width: Int, _ height: Int) { list = (0..<8).map { _ in picture(width, height) } }
  subscript(index: Int) -> PluginPicture { list[index % list.count] }
}

func microseconds(_ count: Int, _ body: (Int) throws -> Void) rethrows -> [Double] {
  for index in 0..<200 { try body(index) }
  let clock = SystemClock()
  return try (0..<count).map { index in
    let start = clock.now()
    try body(index)
    return Double(clock.now().nanoseconds(since: start)) / 1000
  }.sorted()
}

func report(_ name: String, _ times: [Double]) {
  print(#"{"case":"\#(name)","p50_us":\#(times[times.count / 2]),"p95_us":\#(times[times.count * 95 / 100])}"#)
}

func setup(_ path: String) -> PluginSetup { PluginSetup(path: path, type: "bench.nothing", stage: "nothing") }

let small = Pictures(16, 16), large = Pictures(1920, 1080)
let inline = try PluginLibrary(opening: library).makeInstance(setup(library), log: { _, _ in })
report("inline", try microseconds(rounds * 10) { _ = try inline.process(frame($0, large[$0])) })

let target = UnsafeMutableRawPointer.allocate(byteCount: 1920 * 1080 * 3 / 2, alignment: 64)
report(
  "memcpy",
  microseconds(rounds) { index in
    var offset = 0
    for plane in large[index].planes {
      for row in 0..<plane.rows {
        // SAFETY: the memory has room for all rows of the picture.
        unsafe memcpy(target + offset, plane.start + row * plane.stride, plane.rowBytes)
        offset += plane.rowBytes
      }
    }
  })

func measure(_ name: String, _ launch: PluginLaunch, _ path: String, _ small: Pictures, _ large: Pictures) throws {
  var launch = launch
  launch.policy.readable.append((path as NSString).deletingLastPathComponent)
  let process = try PluginProcess(launch, setup(path), log: { _, text in print(text) })
  report("\(name), 16x16", try microseconds(rounds) { _ = try process.process(frame($0, small[$0])) })
  report("\(name), 1080p", try microseconds(rounds) { _ = try process.process(frame($0, large[$0])) })
  try process.begin(frame(0, large[0]))
  report(
    "\(name), 1080p, two in flight",
    try microseconds(rounds) {
      try process.begin(frame($0, large[$0]))
      _ = try process.finish()
    })
  process.close()
}

try measure("process", PluginLaunch(program: host), library, small, large)
var python = PluginLaunch(program: host)
try PythonInterpreter().prepare(&python)
try measure("Python", python, script, small, large)
