/// What a diagnosis is made from.
package struct Consultation: Sendable {
  /// A model that another can be replaced with.
  package struct Model: Sendable, Hashable {
    package let name: String
    package let precision: String

    package init(name: String, precision: String) {
      self.name = name
      self.precision = precision
    }
  }

  package let run: RunView
  /// The models on this machine.
  let models: [Model]
  let commands: PasteCommands

  package init(run: RunView, models: [Model] = [], commands: PasteCommands) {
    self.run = run
    self.models = models
    self.commands = commands
  }
}
