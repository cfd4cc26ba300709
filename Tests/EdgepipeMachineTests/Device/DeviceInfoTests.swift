import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import EdgepipeMachine

@Suite("What a machine is")
struct DeviceInfoTests {
  @Test("given a server of AMD, when looked at, then cores, memory and what its flags are called are named")
  func server() throws {
    let system = try FakeSystem([
      "proc/cpuinfo": """
      processor\t: 0
      model name\t: AMD EPYC 9354
      flags\t\t: fpu sse4_2 avx avx2 fma f16c avx512f avx512_vnni avx512_bf16

      processor\t: 1
      model name\t: AMD EPYC 9354
      flags\t\t: fpu sse4_2 avx avx2 fma f16c avx512f avx512_vnni avx512_bf16
      """,
      "proc/meminfo": "MemTotal:       32768000 kB\nMemFree:  1 kB", "sys/class/dmi/id/product_name": "Server",
    ])
    let device = DeviceInfo(system.tree)
    #expect(device.model == "Server")
    #expect(device.processor == "AMD EPYC 9354")
    #expect(device.cores == 2)
    #expect(device.memoryMB == 32_000)
    #expect(device.instructionSets == ["SSE4.2", "AVX", "AVX2", "FMA", "F16C", "AVX512", "AVX512-VNNI", "AVX512-BF16"])
    #expect(device.hasInt8DotProduct)
    #expect(device.accelerators.isEmpty)
  }

  @Test("given Arm boards, when looked at, then NEON is on all of them and dot products where the kernel says so")
  func arm() throws {
    let new = try FakeSystem([
      "proc/cpuinfo": "processor : 0\nFeatures : fp asimd asimdhp asimddp i8mm bf16\nCPU part : 0xd0b"
    ])
    #expect(DeviceInfo(new.tree).instructionSets == ["NEON", "FP16", "dotprod", "i8mm", "BF16"])
    #expect(DeviceInfo(new.tree).hasInt8DotProduct)
    let old = try FakeSystem([
      "proc/cpuinfo": "processor : 0\nFeatures : fp asimd evtstrm crc32 cpuid\nCPU part : 0xd08"
    ])
    #expect(DeviceInfo(old.tree).instructionSets == ["NEON"])
    #expect(!DeviceInfo(old.tree).hasInt8DotProduct)
  }

  @Test("given files that are missing, no number, a folder or too large, when read, then each is told apart")
  func unreadable() throws {
    let system = try FakeSystem([
      "a/word": "twelve", "a/number": " 42 ", "large": String(repeating: "1", count: 9 << 20),
    ])
    let tree = system.tree
    #expect(try tree.integer("/a/number") == 42)
    #expect(throws: SystemTree.Failure.malformed) { try tree.integer("/a/word") }
    #expect(throws: SystemTree.Failure.missing) { try tree.integer("/b") }
    #expect(throws: SystemTree.Failure.missing) { try tree.integer("/a/word/deeper") }
    #expect(throws: SystemTree.Failure.system(EISDIR)) { try tree.text("/a") }
    #expect(throws: SystemTree.Failure.system(EFBIG)) { try tree.text("/large") }
    #expect(system.tree(denying: ["word"]).names(in: "/a") == ["number", "word"])
  }

  @Test("given nothing at all, when looked at, then nothing is made up")
  func nothing() throws {
    let device = DeviceInfo(try FakeSystem().tree)
    #expect(device.model == nil && device.processor == nil && device.memoryMB == nil)
    #expect(device.cores == 0 && device.instructionSets.isEmpty && device.accelerators.isEmpty)
  }

  @Test(
    "given device files, when accelerators are looked for, then each is named once and what only looks like one is not",
    arguments: [
      (["dev/apex_0": ""], [Accelerator.Kind.coral]),
      (["sys/bus/usb/devices/1-1/idVendor": "1a6e", "sys/bus/usb/devices/1-1/idProduct": "089a"], [.coral]),
      (["sys/bus/usb/devices/2-1/idVendor": "18d1", "sys/bus/usb/devices/2-1/idProduct": "9302"], [.coral]),
      (["sys/bus/usb/devices/2-1/idVendor": "18d1", "sys/bus/usb/devices/2-1/idProduct": "4ee7"], []),
      (["dev/hailo0": "", "dev/hailo1": ""], [.hailo, .hailo]),
      (["dev/nvidia0": "", "dev/nvidiactl": "", "dev/nvidia-uvm": ""], [.gpu]),
      (["dev/nvhost-gpu": "", "dev/nvhost-ctrl": "", "proc/device-tree/model": "NVIDIA Jetson Orin Nano"], [.jetson]),
      (["dev/rknpu": ""], [.rknn]),
      (["dev/dri/renderD129": "", "sys/class/drm/renderD129/device/uevent": "DRIVER=RKNPU\nOF_NAME=npu"], [.rknn]),
      (["dev/dri/card0": "", "dev/dri/renderD128": "", "sys/class/drm/renderD128/device/vendor": "0x8086"], [.gpu]),
      (["dev/accel/accel0": "", "sys/class/accel/accel0/device/uevent": "DRIVER=intel_vpu"], [.npu]),
      (["dev/video0": "", "dev/null": ""], []),
    ])
  func accelerators(files: [String: String], kinds: [Accelerator.Kind]) throws {
    #expect(Accelerator.find(in: try FakeSystem(files).tree).map(\.kind) == kinds)
  }

  @Test(
    "given model and memory, when classed, then examples go by name and others by memory and battery",
    arguments: [
      ("Raspberry Pi 4 Model B", 7800, false, DeviceClass.embedded),
      ("NVIDIA Jetson AGX Orin", 62_000, false, .edgeServer),
      ("NVIDIA Jetson Orin Nano", 7400, false, .embedded), (nil, 900, false, .embedded),
      (nil, 7800, false, .industrial),
      (nil, 7800, true, .mobile), (nil, 32_000, true, .edgeServer),
    ] as [(String?, Int, Bool, DeviceClass)])
  func classes(model: String?, memory: Int, hasBattery: Bool, expected: DeviceClass) throws {
    var files = ["proc/meminfo": "MemTotal: \(memory * 1024) kB"]
    if let model { files["proc/device-tree/model"] = model }
    let (value, reason) = DeviceClass.of(DeviceInfo(try FakeSystem(files).tree), hasBattery: hasBattery)
    #expect(value == expected)
    #expect(reason.contains(model ?? "\(memory) MB"))
  }
}
