// A command like edgepipe's, with one more stage: `watch run pipeline.json`, `watch stages example.brightness`.
import BrightnessAlarm
import EdgepipeCommand
import Pipeline
import Stages

var registry = StageRegistry.standard
registry.register(BrightnessAlarm.self)
Edgepipe.main(registry: registry)
