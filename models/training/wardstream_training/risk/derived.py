"""What the derived columns of a row are made of."""

# Variables each derived quantity is made of (src/features/derived.ts).
DERIVED_FROM = {
    "map": ["mapInvasive", "mapCuff"],
    "sbp": ["sbpInvasive", "sbpCuff"],
    "pulsePressure": ["sbpInvasive", "sbpCuff", "dbpInvasive", "dbpCuff"],
    "shockIndex": ["heartRate", "sbpInvasive", "sbpCuff"],
    "pfRatio": ["pao2", "fio2"],
    "sfRatio": ["sao2", "fio2"],
    "ureaCreatinine": ["bun", "creatinine"],
    "urinePerHour": ["urine"],
    "urinePerHourKg": ["urine", "weight"],
    "urineHours": ["urine"],
}
