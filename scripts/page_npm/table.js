// The table: Tabulator, of it the modules that the page uses.
import {
  AccessorModule,
  ColumnCalcsModule,
  DataTreeModule,
  FormatModule,
  FrozenColumnsModule,
  FrozenRowsModule,
  InteractionModule,
  KeybindingsModule,
  ResizeColumnsModule,
  ResizeTableModule,
  ResponsiveLayoutModule,
  SelectRowModule,
  SortModule,
  Tabulator,
  TooltipModule,
} from "tabulator-tables";

Tabulator.registerModule([
  AccessorModule,
  ColumnCalcsModule,
  DataTreeModule,
  FormatModule,
  FrozenColumnsModule,
  FrozenRowsModule,
  InteractionModule,
  KeybindingsModule,
  ResizeColumnsModule,
  ResizeTableModule,
  ResponsiveLayoutModule,
  SelectRowModule,
  SortModule,
  TooltipModule,
]);
globalThis.seedbedLibraries = { ...globalThis.seedbedLibraries, Tabulator };
