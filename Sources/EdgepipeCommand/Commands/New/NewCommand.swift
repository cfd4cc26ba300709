import ArgumentParser
import Detectors
import EdgepipeCore
import Foundation

struct NewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Writes a pipeline file to start from.",
    discussion: """
      Without a template it lists them. Without --camera, the pipeline takes its input from the environment variable \
      CAMERA_URL, which also keeps a camera's password out of the file.

        edgepipe new
        edgepipe new zones --camera rtsp://camera/stream
        edgepipe new two-streams --camera yard.mp4 --camera gate.mp4 --output streams.json
      """)

  @Argument(help: "A template's name.")
  var template: String?

  @Option(
    help: ArgumentHelp("The input: a camera's address, a file or a folder. Repeated for each source.", valueName: "url")
  )
  var camera: [String] = []

  @Option(
    help: ArgumentHelp("The file to write, or - for standard output (default: TEMPLATE.json).", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var output: String?

  @Flag(help: "Replaces a file that exists.") var force = false

  @OptionGroup var store: StoreOptions

  func run() throws {
    guard let template else { return list() }
    guard let chosen = PipelineTemplate.all.first(where: { $0.name == template }) else {
      let names = PipelineTemplate.all.map(\.name)
      throw PipelineError(
        "there is no template '\(template)'",
        remedy: NearestName.suggestion(for: template, among: names).map { "did you mean '\($0)'?" }
          ?? "templates: \(names.joined(separator: ", "))", code: .invalidArgument)
    }
    guard camera.count <= chosen.sourceCount else {
      throw PipelineError(
        "'\(chosen.name)' has \(chosen.sourceCount == 1 ? "one source" : "\(chosen.sourceCount) sources"), "
          + "but \(camera.count) cameras are given",
        remedy: "add more streams to a source in the file, or with run --source", code: .invalidArgument)
    }
    let models = store.modelStore
    let text = chosen.pipeline(cameras: camera, isInstalled: models.isInstalled)
    let file = output ?? chosen.name + ".json"
    if file == "-" { return Terminal.out(text.hasSuffix("\n") ? String(text.dropLast()) : text) }
    guard force || !FileManager.default.fileExists(atPath: file) else {
      throw PipelineError(
        "'\(file)' already exists", remedy: "choose another --output, or replace it with --force", code: .alreadyExists)
    }
    try WholeFile.write(to: file) { try $0(text) }
    Terminal.say("written     \(file)")
    for step in steps(chosen, file, models) { Terminal.say("next        \(step)") }
    for url in camera where URLRedaction.redact(url) != url {
      Terminal.note(
        "warning: '\(file)' holds the password of \(URLRedaction.redact(url)); write ${CAMERA_URL} in its place to keep it out"
      )
    }
  }

  /// What is left to do before the pipeline runs.
  private func steps(_ template: PipelineTemplate, _ file: String, _ models: ModelStore) -> [String] {
    let missing = template.missingModels(isInstalled: models.isInstalled)
    var steps = missing.isEmpty ? [] : ["edgepipe models pull \(missing.joined(separator: " "))"]
    steps += (camera.count..<max(camera.count, template.sourceCount)).map {
      "export \(PipelineTemplate.variable($0))=rtsp://…"
    }
    return steps + ["edgepipe run \(file)"]
  }

  private func list() {
    var table = Table(["template", "what it does"], alignment: [.left, .left])
    for template in PipelineTemplate.all { table.add([template.name, template.summary]) }
    Terminal.out(table.text)
  }
}
