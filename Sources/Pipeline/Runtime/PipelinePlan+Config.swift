extension PipelinePlan {
  /// The plan of a pipeline file that has passed all checks.
  public init(_ config: PipelineConfig, registry: StageRegistry) {
    self.init(
      name: config.name, deadlineMs: config.budget.deadlineMs, enforcesPower: config.budget.enforce,
      framesInFlight: config.framesInFlight,
      stages: config.stages.compactMap { stage in
        (stage.descriptor ?? registry[stage.type]).map { descriptor in
          var plan = StagePlan(
            id: stage.id, descriptor: descriptor, configuration: Array(stage.configurationData), after: stage.after,
            workers: stage.workers, queueCapacity: stage.queue.capacity, overflow: stage.queue.overflow)
          plan.hasReplacedInputs = stage.hasReplacedInputs
          plan.requirements = stage.requirements
          return plan
        }
      })
    memoryMB = config.budget.memoryMB
  }
}
