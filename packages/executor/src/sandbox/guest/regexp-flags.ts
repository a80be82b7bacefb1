/**
 * Returns a function that returns the flags of a RegExp. The getter `flags` would read a property for each of them,
 * which user code may have replaced. `getter` captures a getter of a prototype.
 */
export function createRegExpFlags(
  getter: (prototype: object, name: PropertyKey) => (self: RegExp) => boolean,
): (self: RegExp) => string {
  const flag = (name: string, letter: string) => ({ isSet: getter(RegExp.prototype, name), letter })
  const flags = [
    flag('hasIndices', 'd'),
    flag('global', 'g'),
    flag('ignoreCase', 'i'),
    flag('multiline', 'm'),
    flag('dotAll', 's'),
    flag('unicode', 'u'),
    flag('unicodeSets', 'v'),
    flag('sticky', 'y'),
  ]
  return (self) => {
    let text = ''
    for (let index = 0; index < flags.length; index++) if (flags[index]!.isSet(self)) text += flags[index]!.letter
    return text
  }
}
