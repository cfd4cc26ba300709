@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Monitoring

@Suite("What Linux says of the process")
struct ProcessFiguresTests {
  /// A folder that stands for `/`, for one test.
  private final class Root {
    let folder: URL

    init(_ files: [String: String]) throws {
      folder = try TestData.temporaryFolder("process")
      for (path, text) in files {
        let file = folder.appendingPathComponent(path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try (text + "\n").write(to: file, atomically: true, encoding: .utf8)
      }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var tree: SystemTree { SystemTree(root: folder.path) }
  }

  private let files = [
    // A program's name may hold anything.
    "/proc/self/stat":
      "77 (edge) 9 (pipe) S 1 77 77 0 -1 4194560 100 0 0 0 500 25 0 0 20 0 12 0 30000 2147483648 36000 18446744073709",
    "/proc/stat": "cpu  1 2 3 4\nbtime 1750000000\nprocesses 5",
    "/proc/self/limits": """
    Limit                     Soft Limit           Hard Limit           Units
    Max open files            1024                 524288               files
    """,
    "/proc/meminfo": """
    MemTotal:        4028100 kB
    MemFree:          100000 kB
    MemAvailable:    1500000 kB
    HugePages_Total:       0
    """,
    "/proc/self/fd/0": "", "/proc/self/fd/1": "", "/proc/self/fd/2": "", "/proc/self/fd/3": "",
    "/proc/self/cgroup": "0::/system.slice/edgepipe.service",
    "/sys/fs/cgroup/system.slice/edgepipe.service/memory.max": "1073741824",
    "/sys/fs/cgroup/system.slice/memory.max": "max",
  ]

  private func figures(_ files: [String: String]) throws -> ProcessFigures {
    let root = try Root(files)
    return withExtendedLifetime(root) {
      ProcessFigures(root.tree, cpuNanoseconds: 5_250_000_000, pageSize: 4096, ticksPerSecond: 100)
    }
  }

  @Test("given the system's files, when read, then every figure is in its base unit")
  func all() throws {
    let figures = try figures(files)
    #expect(figures.cpuSeconds == 5.25)
    #expect(figures.threads == 12)
    #expect(figures.virtualBytes == 2_147_483_648)
    #expect(figures.residentBytes == Int64(36_000 * 4096))
    // 30,000 hundredths of a second after the machine's start.
    #expect(figures.startTime == 1_750_000_300)
    // One of the four is the folder that is being read.
    #expect(figures.openFiles == 3)
    #expect(figures.maximumFiles == 1024)
    #expect(figures.machineBytes == Int64(4_028_100 * 1024))
    #expect(figures.availableBytes == Int64(1_500_000 * 1024))
    #expect(figures.memoryLimitBytes == Int64(1 << 30))
  }

  @Test("given files that are missing or damaged, when read, then those figures are missing and the rest is there")
  func damaged() throws {
    let none = try figures([:])
    #expect(none.cpuSeconds == 5.25)
    let values: [Int64?] = [
      none.residentBytes, none.virtualBytes, none.openFiles.map { Int64($0) }, none.maximumFiles, none.threads,
      none.startTime.map { Int64($0) }, none.memoryLimitBytes, none.machineBytes, none.availableBytes,
    ]
    #expect(values.allSatisfy { $0 == nil })
    var files = files
    files["/proc/self/stat"] = "77 (edgepipe) S 1"
    files["/proc/self/limits"] = "Max open files            unlimited            unlimited            files"
    files["/proc/meminfo"] = "MemTotal:        99999999999999999999 kB\nMemAvailable: 5 kB"
    files["/proc/self/cgroup"] = "nonsense\n::\n0::"
    let figures = try figures(files)
    #expect(figures.threads == nil && figures.residentBytes == nil && figures.startTime == nil)
    #expect(figures.maximumFiles == nil)
    #expect(figures.machineBytes == nil && figures.memoryLimitBytes == nil)
    #expect(figures.availableBytes == 5120)
  }

  @Test(
    "given control groups, when the limit is read, then it is the lowest from the group up, of both versions",
    arguments: [
      (["/sys/fs/cgroup/system.slice/memory.max": "5000000"], 5_000_000),
      (["/sys/fs/cgroup/memory.max": "4000000"], 4_000_000),
      (
        [
          "/proc/self/cgroup": "12:cpu:/\n4:hugetlb,memory:/docker/abc\n0::/",
          "/sys/fs/cgroup/memory/memory.limit_in_bytes": "3000000",
        ], 3_000_000
      ),
      (
        [
          "/proc/self/cgroup": "4:memory:/docker/abc",
          "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
          "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "2000000",
        ], 2_000_000
      ),
      (["/sys/fs/cgroup/system.slice/edgepipe.service/memory.max": "max"], 4_028_100 * 1024),
      (["/sys/fs/cgroup/system.slice/edgepipe.service/memory.max": "99999999999999"], 4_028_100 * 1024),
    ] as [([String: String], Int64)])
  func limits(changes: [String: String], limit: Int64) throws {
    #expect(try figures(files.merging(changes) { $1 }).memoryLimitBytes == limit)
  }

  @Test("given this process, when read, then the figures are plausible")
  func real() {
    let figures = ProcessFigures()
    let now = Date().timeIntervalSince1970
    #expect(figures.cpuSeconds > 0)
    #expect((figures.residentBytes ?? 0) > 1 << 20)
    #expect((figures.virtualBytes ?? 0) >= (figures.residentBytes ?? 0))
    #expect((figures.openFiles ?? 0) >= 3 && (figures.threads ?? 0) >= 1)
    // The machine's start is told in whole seconds.
    #expect(figures.startTime.map { $0 < now + 1 && $0 > now - 86_400 } == true)
    #expect((figures.memoryLimitBytes ?? .max) <= (figures.machineBytes ?? 0))
    #expect((figures.availableBytes ?? .max) <= (figures.machineBytes ?? 0))
  }
}
