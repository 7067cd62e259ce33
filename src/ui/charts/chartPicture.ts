// What a picture of a chart is made by, loaded when one is asked for.
export { pngOf, svgOf } from './chartFile.ts';
export { sheetOf } from './sheet.ts';
