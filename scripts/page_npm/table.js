// The table: Tabulator, of it the modules that the page uses; rows are sorted and opened by the page.
import {
  FormatModule,
  FrozenColumnsModule,
  FrozenRowsModule,
  InteractionModule,
  ResizeColumnsModule,
  ResizeTableModule,
  Tabulator,
} from "tabulator-tables";

Tabulator.registerModule([
  FormatModule,
  FrozenColumnsModule,
  FrozenRowsModule,
  InteractionModule,
  ResizeColumnsModule,
  ResizeTableModule,
]);
globalThis.seedbedLibraries = { ...globalThis.seedbedLibraries, Tabulator };
