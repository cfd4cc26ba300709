import EdgepipePluginHost
import EdgepipeService
import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())
// Not for people: the process in which a plugin runs, before anything else is done in it.
if arguments == ["plugin-host"] { exit(PluginChild.run()) }
exit(Service.run(arguments))
