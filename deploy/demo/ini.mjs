// A configuration file from an object of sections: what is undefined is left out.
export function ini(sections) {
  return Object.entries(sections)
    .filter(([, keys]) => keys)
    .map(([name, keys]) => {
      const lines = Object.entries(keys).filter(([, value]) => value !== undefined);
      return `[${name}]\n${lines.map(([key, value]) => `${key} = ${value}\n`).join('')}`;
    })
    .join('\n');
}
