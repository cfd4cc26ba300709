extension CostFile {
  /// A cost file to start from. Prices and hours are examples of their size, nobody's offer.
  package static let example = """
    {
      "version": 1,
      "currency": "EUR",
      "years": 3,
      "discountRate": 0.08,
      "options": [
        {
          "name": "jetson-orin-nano",
          "devices": 20,
          "hardware": { "pricePerDevice": 500, "depreciationRate": 0.1 },
          "development": { "hours": 200, "ratePerHour": 80, "tools": 1000 },
          "operations": { "hoursPerMonth": 10, "ratePerHour": 60 },
          "energy": { "meanPowerW": 10, "hoursPerYear": 8760, "pricePerKWh": 0.3 },
          "network": { "gbPerMonth": 10, "pricePerGB": 0.05 },
          "benefitsPerYear": 30000,
          "fps": 40
        },
        {
          "name": "raspberry-pi-5",
          "devices": 40,
          "hardware": { "pricePerDevice": 110, "depreciationRate": 0.1 },
          "development": { "hours": 260, "ratePerHour": 80, "tools": 1000 },
          "operations": { "hoursPerMonth": 16, "ratePerHour": 60 },
          "energy": { "meanPowerW": 7, "hoursPerYear": 8760, "pricePerKWh": 0.3 },
          "network": { "gbPerMonth": 10, "pricePerGB": 0.05 },
          "benefitsPerYear": 30000,
          "fps": 12
        },
        {
          "name": "central-server",
          "devices": 1,
          "hardware": { "pricePerDevice": 9000, "depreciationRate": 0.2 },
          "development": { "hours": 120, "ratePerHour": 80 },
          "operations": { "hoursPerMonth": 6, "ratePerHour": 60 },
          "energy": { "meanPowerW": 450, "hoursPerYear": 8760, "pricePerKWh": 0.3 },
          "network": { "gbPerMonth": 26000, "pricePerGB": 0.05 },
          "benefitsPerYear": 30000,
          "fps": 600
        }
      ]
    }

    """
}
