/** What datasets and models have in common as files: taking them along, and deleting them. */

import { Icon } from "../icons";
import { Button } from "../ui";
import { remove } from "./undo";

/** `keep`: why it cannot be deleted now. */
export function FileButtons(props: { address: string; name: string; keep?: string }) {
  return (
    <span class="pair">
      <a
        class="button"
        href={`${props.address}/file`}
        download={props.name}
        aria-label={`Download ${props.name}`}
        title="Download"
      >
        <Icon name="download" size={18} />
      </a>
      <Button
        icon="trash"
        label={`Delete ${props.name}`}
        title={props.keep || "Delete"}
        disabled={Boolean(props.keep)}
        onClick={() => remove(props.address)}
      />
    </span>
  );
}
