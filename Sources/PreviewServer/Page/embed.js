/** Defines `<incremental-machine-setup>`; setup-element.js says how it is used. */

import { IncrementalMachineSetup } from "./setup-element.js";

if (!customElements.get("incremental-machine-setup")) {
  customElements.define("incremental-machine-setup", IncrementalMachineSetup);
}

export { IncrementalMachineSetup };
