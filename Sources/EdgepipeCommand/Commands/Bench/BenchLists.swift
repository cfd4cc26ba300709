import ArgumentParser
import Detectors

/// `1,4,8`: whole numbers of at least 1, each once.
struct NumberList: ExpressibleByArgument {
  let numbers: [Int]

  init(_ numbers: [Int]) { self.numbers = numbers }

  init?(argument: String) {
    let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard numbers.allSatisfy({ $0 >= 1 }) else { return nil }
    self.numbers = numbers
  }

  var defaultValueDescription: String { numbers.map(String.init).joined(separator: ",") }
}

/// `square,auto,416x256`.
struct BenchInputs: ExpressibleByArgument {
  let shapes: [InputShape]

  init?(argument: String) {
    var shapes: [InputShape] = []
    for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
      switch word {
      case "square": shapes.append(.square)
      case "auto": shapes.append(.auto)
      default:
        let sides = word.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard sides.count == 2, sides.allSatisfy({ (1...8192).contains($0) }) else { return nil }
        shapes.append(.fixed(height: sides[1], width: sides[0]))
      }
    }
    self.shapes = shapes
  }
}
