import ArgumentParser
import EdgepipeCore
import Pipeline

struct StagesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stages", abstract: "Lists the stage types, or explains the options of one.")

  @Argument(help: "A stage type, such as detect.yolo.")
  var type: String?

  @Flag(help: "Prints all stage types with their options as JSON, for editors and other programs.")
  var json = false

  func run() throws {
    guard let type else {
      return json ? Terminal.out(PipelineSchema.json(of: Edgepipe.registry.all)) : list()
    }
    guard let stage = Edgepipe.registry[type] else {
      let known = Edgepipe.registry.all.map(\.type).joined(separator: ", ")
      throw PipelineError("there is no stage type '\(type)'", remedy: "known types: \(known)", code: .invalidArgument)
    }
    if json { return Terminal.out(PipelineSchema.json(of: [stage])) }
    Terminal.out("\(stage.type) (\(stage.role.rawValue)): \(stage.summary)\n")
    guard !stage.schema.properties.isEmpty else { return Terminal.out("This stage has no options.") }
    var table = Table(
      ["option", "type", "default", "changeable", "meaning"], alignment: [.left, .left, .left, .left, .left])
    for property in stage.schema.properties {
      let standard = property.isRequired ? "required" : property.defaultJSON ?? "-"
      table.add([
        property.name, property.kind.words, standard, property.isChangeable ? "yes" : "-", property.summary,
      ])
    }
    Terminal.out(table.text)
  }

  private func list() {
    var table = Table(["type", "workers", "description"], alignment: [.left, .right, .left])
    for stage in Edgepipe.registry.all {
      table.add([stage.type, stage.maximumWorkers > 1 ? "1-\(stage.maximumWorkers)" : "1", stage.summary])
    }
    Terminal.out(table.text)
  }
}

extension ObjectSchema.ValueKind {
  /// The type in a few words, for tables.
  var words: String {
    switch self {
    case .bool: "true or false"
    case .integer(let range):
      range.upperBound == .max ? "integer >= \(range.lowerBound)" : "\(range.lowerBound)...\(range.upperBound)"
    case .number(let range):
      range.upperBound.isFinite && range.upperBound < 1e9 ? "\(range.lowerBound)...\(range.upperBound)" : "number"
    case .string: "text"
    case .word(let words): words.joined(separator: " | ")
    case .list(let element, _): "list of \(element.words)"
    case .object, .anyObject: "object"
    case .any(let kinds): kinds.map(\.words).joined(separator: " or ")
    }
  }
}
