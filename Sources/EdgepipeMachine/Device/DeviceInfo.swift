package import EdgepipeCore

/// What a machine is made of, from /proc and /sys.
package struct DeviceInfo: Sendable, Hashable {
  /// The board or the product; nil where the system does not say.
  package let model: String?
  package let processor: String?
  /// Cores that the system has, also those that this process may not use.
  package let cores: Int
  /// Of those that matter to neural networks, the ones that the processor has: `AVX2`, `AVX512`, `VNNI`, ...
  package let instructionSets: [String]
  /// In mebibytes; nil where the system does not say.
  package let memoryMB: Int?
  package let accelerators: [Accelerator]

  package init(_ tree: SystemTree = SystemTree()) {
    let cpuinfo = (try? tree.text("/proc/cpuinfo")) ?? ""
    let fields = cpuinfo.split(separator: "\n").compactMap { line -> (key: String, value: String)? in
      let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmed }
      return parts.count == 2 ? (parts[0], parts[1]) : nil
    }
    let product = try? tree.text("/sys/class/dmi/id/product_name")
    let board = (try? tree.text("/proc/device-tree/model")) ?? product
    model = board.flatMap { $0.isEmpty ? nil : $0 }
    processor = fields.first { $0.key == "model name" }?.value ?? fields.first { $0.key == "Hardware" }?.value
    cores = fields.count { $0.key == "processor" }
    let flags = fields.first { $0.key == "flags" || $0.key == "Features" }?.value ?? ""
    instructionSets = Self.instructionSets(flags: Set(flags.split(separator: " ").map(String.init)))
    memoryMB = tree.bytes(in: "/proc/meminfo")["MemTotal"].map { Int($0 >> 20) }
    accelerators = Accelerator.find(in: tree)
  }

  /// Names that people know for the kernel's flags of x86 (`flags`) and Arm (`Features`).
  private static let known: [(flags: [String], name: String)] = [
    (["sse4_2"], "SSE4.2"), (["avx"], "AVX"), (["avx2"], "AVX2"), (["fma"], "FMA"), (["f16c"], "F16C"),
    (["avx512f"], "AVX512"), (["avx512_vnni"], "AVX512-VNNI"), (["avx_vnni"], "AVX-VNNI"),
    (["avx512_bf16"], "AVX512-BF16"), (["avx512_fp16"], "AVX512-FP16"), (["amx_int8"], "AMX-INT8"),
    (["asimd", "neon"], "NEON"), (["asimdhp"], "FP16"), (["asimddp"], "dotprod"), (["i8mm"], "i8mm"),
    (["bf16"], "BF16"),
    (["sve"], "SVE"), (["sve2"], "SVE2"),
  ]

  private static func instructionSets(flags: Set<String>) -> [String] {
    known.filter { !flags.isDisjoint(with: $0.flags) }.map(\.name)
  }

  /// Whether the processor multiplies 8-bit integers in one instruction, which is what makes INT8 models fast.
  package var hasInt8DotProduct: Bool {
    !Set(instructionSets).isDisjoint(with: ["AVX512-VNNI", "AVX-VNNI", "AMX-INT8", "dotprod", "i8mm"])
  }
}

extension Substring {
  fileprivate var trimmed: String {
    var text = drop { $0 == " " || $0 == "\t" }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return String(text)
  }
}
