import ArgumentParser
import Pipeline

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Prints the JSON Schema of pipeline files, for editors and other programs.")

  func run() { Terminal.out(PipelineSchema.json(registry: Edgepipe.registry)) }
}
