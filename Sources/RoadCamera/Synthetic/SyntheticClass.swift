/// What a pixel of the synthetic road truly shows: the indices of the seven driving classes.
public enum SyntheticClass: UInt8, Sendable, CaseIterable {
  case drivable = 0
  case nonDrivable = 1
  case livingThings = 2
  case vehicles = 3
  case roadsideObjects = 4
  case farObjects = 5
  case sky = 6
}
