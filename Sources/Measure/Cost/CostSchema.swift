import EdgepipeCore

/// What a cost file may hold: the keys, their units and limits. docs/tco.md explains them.
enum CostSchema {
  static let file = ObjectSchema([
    .init("version", .integer(1...1), required: true, "The version of the file format."),
    .init("currency", .string, required: true, "The currency of all amounts, such as EUR: 1 to 8 characters."),
    .init("years", .integer(1...50), required: true, "The period of the comparison, in years."),
    .init(
      "discountRate", .number(0...10), default: "0",
      "The discount rate per year, for the net present value: 0.08 for 8 %."),
    .init("options", .list(.object(option), count: 1...100), required: true, "The options to compare."),
  ])

  /// Money, and what is paid for an hour, a kilowatt-hour or a gigabyte: wide enough for every currency.
  private static let money = ObjectSchema.ValueKind.number(0...1e12)
  /// Above 0, so that there is something to compare.
  private static let performance = ObjectSchema.ValueKind.number(1e-9...1e12)

  static let option = ObjectSchema([
    .init("name", .string, required: true, "The option's name: 1 to 60 characters, unique, without '='."),
    .init("devices", .integer(1...10_000_000), required: true, "Number of devices that the option needs."),
    .init("hardware", .object(hardware), "The devices; free when absent."),
    .init("development", .object(development), "The one-time cost of development; none when absent."),
    .init("operations", .object(operations), "The cost of operation and maintenance; none when absent."),
    .init("energy", .object(energy), "Electricity; free when absent."),
    .init("network", .object(network), "The cost of network traffic; none when absent."),
    .init(
      "benefitsPerYear", money, default: "0",
      "What all devices together earn or save per year, in the currency."),
    .init("fps", performance, "Frames per second of one device; the option's score is this x devices."),
    .init("score", performance, "Instead of fps: the score of the whole option, in a unit that all options share."),
    .init("report", .string, "The report of a run on one device: its mean power and fps replace those of the file."),
  ])

  static let hardware = ObjectSchema([
    .init("pricePerDevice", money, required: true, "The price of one device, in the currency."),
    .init(
      "depreciationRate", .number(0...1), default: "0",
      "Depreciation of a device per year, as a share of its price: 0.2 for 20 %."),
  ])

  static let development = ObjectSchema([
    .init("hours", .number(0...1e9), required: true, "Hours of work, once."),
    .init("ratePerHour", money, required: true, "The cost of an hour, in the currency."),
    .init("tools", money, default: "0", "One-time cost of licences, equipment and the like, in the currency."),
  ])

  static let operations = ObjectSchema([
    .init("hoursPerMonth", .number(0...1e9), required: true, "Hours of work per month for all devices together."),
    .init("ratePerHour", money, required: true, "The cost of an hour, in the currency."),
  ])

  static let energy = ObjectSchema([
    .init("meanPowerW", .number(0...1e7), "The mean power of one device, in watts; a report replaces it."),
    .init("hoursPerYear", .number(0...8784), default: "8760", "Hours per year at that power."),
    .init("pricePerKWh", money, required: true, "The price of a kilowatt-hour, in the currency."),
  ])

  static let network = ObjectSchema([
    .init("gbPerMonth", .number(0...1e9), required: true, "Traffic of one device per month, in gigabytes."),
    .init("pricePerGB", money, required: true, "The price of a gigabyte, in the currency."),
  ])
}
