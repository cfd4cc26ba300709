/// What a stage gives to the stages after it and asks of those before it, by name.
///
/// Names that can never meet, such as a zone's label that no detector finds, are told before the run: see
/// ``InterfaceCheck``. It is asked for once all stages are connected.
public struct StageInterface: Sendable {
  /// The labels that detections may have.
  public enum Labels: Sendable, Hashable {
    case only(Set<String>)
    /// Nobody knows beforehand.
    case any
  }

  /// Which detections a tracker follows.
  public struct Following: Sendable, Hashable {
    /// Each with its spellings; nil: all but those in `except`.
    public var labels: [Set<String>]?
    public var except: Set<String>
    /// The detecting stages; nil: all.
    public var stages: Set<String>?

    public init(labels: [Set<String>]? = nil, except: Set<String> = [], stages: Set<String>? = nil) {
      self.labels = labels
      self.except = except
      self.stages = stages
    }
  }

  /// Streams of a source beside those that it names.
  public enum OtherStreams: Sendable {
    case none
    /// They may join a run that takes commands.
    case joining
    /// They stand in a file of their own, which changes apart from the pipeline.
    case listed
  }

  /// What the stage's own detections are called; nil where it detects nothing.
  public var finds: Labels?
  /// What its model could find, and its configuration leaves out.
  public var leavesOut: Set<String> = []
  /// Of a tracker.
  public var follows: Following?
  /// The names of its zones and lines, which its events carry.
  public var shapes: Set<String> = []
  /// The stages whose input it prepares, by id.
  public var prepares: Set<String> = []
  /// The type of the stage that must prepare its input, where one must.
  public var preparedBy: String?
  /// Of a source.
  public var otherStreams = OtherStreams.none
  /// Why it must see its frames in order, one worker at a time, where that depends on its configuration.
  public var needsOrder: String?
  /// Without detections from before it does nothing.
  public var needsDetections = false
  /// Without tracks from before it does nothing.
  public var needsTracks = false
  /// False where its configuration asks for nothing of the picture, of a stage whose type says ``Stage/needsImage``.
  public var needsImage = true
  public var wishes: [NameWish] = []
  /// Of a stage that would rather be waited for than lose a frame: nothing is dropped in front of it, however late. While
  /// it is held up, files wait, and live sources run out of credits and lose frames themselves.
  public var keepsEveryFrame = false
  /// Frames of each stream that it keeps back until it has seen later ones; see ``HoldingWorker``.
  package var heldFrames = 0
  /// Pictures that have gone through it show nothing of what is to be hidden.
  package var anonymizes = false
  /// What it hides by what detectors before it find; nil where it hides nothing of it.
  package var hiding: HidingRule?
  /// Of a detector that does not look at every frame.
  package var looks: LookPace?
  /// Of a detector that looks again: the stage whose results its own go into. Later stages see that one's name alone.
  package var refines: String?
  /// Why it cannot do its work among the stages that there are.
  package var faults: [StageFault] = []
  /// What its configuration has that may well be a mistake, and need not be one.
  package var remarks: [StageFault] = []
  /// It copies what cameras send, whatever the stages before it make of the pictures.
  package var copiesPackets = false

  public init() {}
}

/// Names that a stage's configuration asks for, and that only other stages can have.
public struct NameWish: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    /// Labels of detections.
    case foundLabels
    /// Labels of detections that a tracker follows.
    case trackedLabels
    case streams
    /// Ids of detecting stages.
    case detectors
    /// Names of zones and lines.
    case shapes
  }

  public struct Name: Sendable, Hashable {
    public var written: String
    /// The names that do for it, itself included.
    public var spellings: Set<String>
  }

  public var kind: Kind
  public var names: [Name]
  /// Where they stand in the stage's `config`, such as `zones[1].labels`.
  public var key: String
  /// The part of the stage that asks, such as `its zone 'door'`; nil for the stage itself.
  public var asker: String?

  public init(
    _ kind: Kind, _ names: [String], key: String, asker: String? = nil,
    spellings: (String) -> Set<String> = { [$0] }
  ) {
    self.kind = kind
    self.names = names.map { Name(written: $0, spellings: spellings($0)) }
    self.key = key
    self.asker = asker
  }
}
