import Foundation

extension Command.Running {
  /// Whether a thread of this name is in edgepipe, the only child of `timeout`.
  func hasThread(named name: String) -> Bool {
    let id = process.processIdentifier
    let children = (try? String(contentsOfFile: "/proc/\(id)/task/\(id)/children", encoding: .utf8)) ?? ""
    return children.split(separator: " ").contains { child in
      let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(child)/task")) ?? []
      return tasks.contains {
        (try? String(contentsOfFile: "/proc/\(child)/task/\($0)/comm", encoding: .utf8))?.hasPrefix(name) == true
      }
    }
  }
}
