@testable import Stages

// Options in one expression, for tests; what is not said has the default of the stage.

extension GateSettings {
  init(interval: Int? = nil, maxRate: Double? = nil, motion: MotionSettings? = nil) {
    self.init()
    if let interval { self.interval = interval }
    (self.maxRate, self.motion) = (maxRate, motion)
  }
}

extension SortStage.Configuration {
  init(
    maxGapS: Double? = nil, minHits: Int? = nil, iou: Double? = nil, labels: [String]? = nil, stages: [String]? = nil
  ) {
    self.init()
    if let maxGapS { self.maxGapS = maxGapS }
    if let minHits { self.minHits = minHits }
    if let iou { self.iou = iou }
    (self.labels, self.stages) = (labels, stages)
  }
}

extension JSONLinesSink.Configuration {
  init(path: String, append: Bool = false, frames: String) {
    self.init(path: path)
    (self.append, self.frames) = (append, frames)
  }

  init(path: String, append: Bool) {
    self.init(path: path)
    self.append = append
  }
}
