import ArgumentParser
import Detectors
import EdgepipeCore
import EdgepipeMachine
import EdgepipeService
import Foundation
import Pipeline

/// `edgepipe doctor`: what is wrong with a run, or with this machine, and what to do about it.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Finds out why a pipeline is slow, loses frames, or does not fit the machine.",
    discussion: """
      Examines the report of a run, a run that goes on, or without either this machine. Prints the likely causes, the \
      most likely first, with the figures that say so and commands to paste. docs/doctor.md explains the rules. Ends \
      with 0 if nothing is found and with 1 if something is.

        edgepipe run pipelines/cameras.json --report out/report.json
        edgepipe doctor out/report.json
        edgepipe doctor --live --control /run/user/1000/edgepipe.sock
        edgepipe doctor
      """)

  @Argument(help: "The report of a run (run --report).", completion: .file(extensions: ["json"])) var report: String?

  @Flag(help: "Examines the run of the control socket.") var live = false
  @OptionGroup var socket: ControlCommand.SocketOptions
  @Option(
    help: ArgumentHelp(
      "Examines this many seconds of the run; 0: all of it so far.", valueName: "s"))
  var seconds = 5.0
  @OptionGroup var store: StoreOptions
  @Flag(help: "Prints JSON.") var json = false

  func validate() throws {
    guard report == nil || !live else { throw ValidationError("give a report or --live, not both") }
    guard (0...3600).contains(seconds) else { throw ValidationError("--seconds takes 0 to 3600") }
    guard live || socket.control == nil else { throw ValidationError("--control needs --live") }
  }

  func run() throws {
    let diagnosis = try self.diagnosis()
    Terminal.out(json ? String(try diagnosis.value.json().dropLast()) : diagnosis.text)
    if !diagnosis.findings.isEmpty { throw RunFailed(exit: .partial) }
  }

  private func diagnosis() throws -> Diagnosis {
    if live { return try examine(try liveRun(), control: socket.path()) }
    if let report { return examine(try RunView(file: report), control: nil, report: report) }
    return machine
  }

  private func examine(_ run: RunView, control: String?, report: String? = nil) -> Diagnosis {
    let models = installed.map { Consultation.Model(name: $0.name, precision: $0.precision) }
    let findings = Doctor.findings(
      Consultation(run: run, models: models, commands: PasteCommands(file: run.file, control: control)))
    return Diagnosis(subject: control == nil ? .report(report ?? "", run) : .run(run), findings: findings)
  }

  /// The run over the next seconds, so that the past does not hide what is wrong now.
  private func liveRun() throws -> RunView {
    let client = try socket.client()
    let first = try view(client)
    guard seconds > 0 else { return first }
    Thread.sleep(forTimeInterval: seconds)
    return try view(client).since(first)
  }

  private func view(_ client: ControlClient) throws -> RunView {
    guard let value = try client.ask("report")["report"] else {
      throw PipelineError("the run sent no report", remedy: "runs of older versions have none", code: .unreachable)
    }
    return try RunView(text: value.line, name: "the answer of the run")
  }

  private var installed: [ModelManifest] {
    let store = store.modelStore
    return store.installedNames().compactMap { try? store.manifest($0) }
  }

  private var machine: Diagnosis {
    let engine = EngineEntry.onnxRuntime(library: nil)
    let view = MachineView(
      engine: engine.problem.map { .missing($0) } ?? .ready(engine.version ?? engine.name),
      models: installed.map(\.name), instructionSets: DeviceInfo().instructionSets,
      folders: [
        .init("the model store", path: store.modelStore.folder.path),
        .init("the working folder", path: FileManager.default.currentDirectoryPath),
      ])
    return Diagnosis(subject: .machine(view), findings: view.findings)
  }
}
