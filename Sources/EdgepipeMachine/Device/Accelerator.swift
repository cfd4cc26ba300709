import EdgepipeCore

/// Something beside the processor that runs neural networks or graphics, as far as the system shows it.
///
/// Seeing one does not mean that a model runs on it: that takes an execution provider of the engine as well.
package struct Accelerator: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable {
    case gpu, jetson, coral, hailo, rknn, npu
  }

  package let kind: Kind
  package let name: String
  /// The device file or the place in /sys.
  package let path: String

  static func find(in tree: SystemTree) -> [Accelerator] {
    jetson(tree) + nvidia(tree) + graphics(tree) + coral(tree) + hailo(tree) + rockchip(tree) + generic(tree)
  }

  private static func devices(_ tree: SystemTree, _ prefix: String, in folder: String = "/dev") -> [String] {
    tree.names(in: folder).filter { $0.hasPrefix(prefix) }.map { "\(folder)/\($0)" }
  }

  private static func jetson(_ tree: SystemTree) -> [Accelerator] {
    let model = (try? tree.text("/proc/device-tree/model")) ?? ""
    let nodes = devices(tree, "nvhost-")
    let node = nodes.first { $0.hasSuffix("-gpu") } ?? nodes.first
    guard node != nil || model.contains("Jetson") else { return [] }
    return [
      Accelerator(
        kind: .jetson, name: model.isEmpty ? "NVIDIA Tegra" : model, path: node ?? "/proc/device-tree/model")
    ]
  }

  /// /dev/nvidia0, /dev/nvidia1; nvidiactl and nvidia-uvm are no cards.
  private static func nvidia(_ tree: SystemTree) -> [Accelerator] {
    devices(tree, "nvidia").filter { Int($0.dropFirst("/dev/nvidia".count)) != nil }.map {
      Accelerator(kind: .gpu, name: "NVIDIA graphics processor", path: $0)
    }
  }

  /// Render nodes of the kernel's graphics drivers; those of Rockchip's NPU are its own.
  private static func graphics(_ tree: SystemTree) -> [Accelerator] {
    devices(tree, "renderD", in: "/dev/dri").map { path in
      let node = path.split(separator: "/").last.map(String.init) ?? ""
      let device = "/sys/class/drm/\(node)/device"
      let driver = value("DRIVER", in: try? tree.text("\(device)/uevent"))
      let vendor = (try? tree.text("\(device)/vendor")).flatMap { vendors[$0] }
      if driver?.uppercased().hasPrefix("RKNPU") == true {
        return Accelerator(kind: .rknn, name: "Rockchip NPU", path: path)
      }
      let words = [vendor, "graphics processor", driver.map { "(\($0))" }].compactMap { $0 }
      return Accelerator(kind: .gpu, name: words.joined(separator: " "), path: path)
    }
  }

  /// PCI vendor numbers.
  private static let vendors = ["0x8086": "Intel", "0x1002": "AMD", "0x10de": "NVIDIA"]

  /// Edge TPU on PCI Express, or on USB: as 1a6e:089a before its firmware is loaded, as 18d1:9302 after it.
  private static func coral(_ tree: SystemTree) -> [Accelerator] {
    let usb = tree.names(in: "/sys/bus/usb/devices").compactMap { entry -> Accelerator? in
      let path = "/sys/bus/usb/devices/\(entry)"
      guard let vendor = try? tree.text("\(path)/idVendor"), let product = try? tree.text("\(path)/idProduct") else {
        return nil
      }
      switch "\(vendor):\(product)" {
      case "1a6e:089a": return Accelerator(kind: .coral, name: "Coral USB Accelerator (not yet started)", path: path)
      case "18d1:9302": return Accelerator(kind: .coral, name: "Coral USB Accelerator", path: path)
      default: return nil
      }
    }
    return devices(tree, "apex_").map { Accelerator(kind: .coral, name: "Coral Edge TPU", path: $0) } + usb
  }

  private static func hailo(_ tree: SystemTree) -> [Accelerator] {
    devices(tree, "hailo").map { Accelerator(kind: .hailo, name: "Hailo", path: $0) }
  }

  private static func rockchip(_ tree: SystemTree) -> [Accelerator] {
    devices(tree, "rknpu").map { Accelerator(kind: .rknn, name: "Rockchip NPU", path: $0) }
  }

  /// The kernel's own class for accelerators: Intel's NPU and others.
  private static func generic(_ tree: SystemTree) -> [Accelerator] {
    devices(tree, "accel", in: "/dev/accel").map { path in
      let node = path.split(separator: "/").last.map(String.init) ?? ""
      let driver = value("DRIVER", in: try? tree.text("/sys/class/accel/\(node)/device/uevent"))
      return Accelerator(kind: .npu, name: driver.map { "accelerator (\($0))" } ?? "accelerator", path: path)
    }
  }

  /// `KEY=value` of a uevent file.
  private static func value(_ key: String, in text: String?) -> String? {
    text?.split(separator: "\n").first { $0.hasPrefix(key + "=") }.map { String($0.dropFirst(key.count + 1)) }
  }
}
