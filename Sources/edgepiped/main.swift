import EdgepipeService
import Foundation

exit(Service.run(Array(CommandLine.arguments.dropFirst())))
