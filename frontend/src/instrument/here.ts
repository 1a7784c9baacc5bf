/** The one instrument of this page. */

import { content } from "./content";
import { LocalHome } from "./home";

export const here = new LocalHome(content);
