/** Saving the picture of a take, as it is looked at, for a paper. */

import type { Picture, Take } from "../protocol";
import { attempt } from "../store";
import { Button } from "../ui";
import { drawing, pixels } from "./drawing";
import { beside, saveAs } from "./saving";
import { called } from "./take";

interface SavePictureProps {
  take: Take;
  picture: Picture;
  shown: readonly number[];
}

export function SavePicture({ take, picture, shown }: SavePictureProps) {
  const drawn = () => drawing(picture, shown, called(take));
  return (
    <div class="row" role="group" aria-label="Save the picture">
      <Button
        local
        icon="download"
        disabled={shown.length === 0}
        title="This picture, as lines that any size shows sharply"
        onClick={() => saveAs(new Blob([drawn().svg], { type: "image/svg+xml" }), beside(take.name, "svg"))}
      >
        SVG
      </Button>
      <Button
        local
        icon="download"
        disabled={shown.length === 0}
        title="This picture, as pixels"
        onClick={() => attempt(async () => saveAs(await pixels(drawn()), beside(take.name, "png")))}
      >
        PNG
      </Button>
    </div>
  );
}
