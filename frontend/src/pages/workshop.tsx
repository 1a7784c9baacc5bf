/** Workshop: an instrument for each guest, all of them on one wall. */

import { useSignal } from "@preact/signals";
import { del, post } from "../api";
import { addressesOf } from "../invite/forms";
import { Given } from "../invite/invite";
import type { Invite } from "../protocol";
import { attempt } from "../store";
import { Button, Card, Field, Page, Trouble, useResource } from "../ui";
import { isOpen, wall } from "../workshop/state";
import { ask, Tile } from "../workshop/tile";
import "../workshop/workshop.css";

const USUAL = 20;
const MOST = 60;

function Begin({ advice }: { advice: string }) {
  const count = useSignal(USUAL);
  const begin = () => attempt(() => post("/api/workshop", { count: count.value }));
  return (
    <Card title="Open a workshop">
      <div class="wall-begin">
        <p>
          Each guest gets an instrument of their own, like the one of this workspace but without its ports, and plays it
          on a phone. All join by one code. What they play is recorded in <code>workshop/</code>.
        </p>
        {advice ? (
          <p>{advice}</p>
        ) : (
          <>
            <Field label="Instruments" hint="Each is a process of some 150 MB; they start one after the other.">
              {(ids) => (
                <input
                  {...ids}
                  type="number"
                  min={1}
                  max={MOST}
                  value={count.value}
                  onChange={(event) =>
                    (count.value = Math.min(MOST, Math.max(1, Math.round(event.currentTarget.valueAsNumber) || 1)))
                  }
                />
              )}
            </Field>
            <Button kind="main" icon="play" onClick={begin}>
              Open it
            </Button>
          </>
        )}
      </div>
    </Card>
  );
}

export default function WorkshopPage() {
  const { data, error, reload } = useResource<Invite>("/api/invitations", "invitations");
  const invite = data.value;
  const { sentence, instruments } = wall.value;
  const addresses = addressesOf(invite?.addresses ?? [], location.origin);
  const playing = instruments.filter(({ status }) => status === "running").length;
  const close = () => attempt(() => del("/api/workshop"));
  return (
    <Page
      title="Workshop"
      lead={isOpen.value ? `${playing} of ${instruments.length} instruments play.` : "An instrument for each guest."}
      actions={
        isOpen.value && (
          <>
            <Button icon="play" onClick={() => ask("start", null)}>
              Start all
            </Button>
            <Button icon="stop" onClick={() => ask("stop", null)}>
              Stop all
            </Button>
            <Button icon="panic" kind="danger" onClick={() => ask("panic", null)}>
              Panic for all
            </Button>
          </>
        )
      }
    >
      <Trouble text={error.value || sentence} />
      {isOpen.value ? (
        <div class="wall-page">
          <div class="wall">
            {instruments.map((each) => (
              <Tile key={each.number} instrument={each} />
            ))}
          </div>
          <Card title="How they join">
            {invite?.invitations
              .filter((each) => each.workshop)
              .map((each) => (
                <Given key={each.id} invitation={each} addresses={addresses} onChange={reload} />
              ))}
          </Card>
          <div class="row">
            <Button kind="danger" onClick={close} title="All sessions end; what was recorded stays in workshop/">
              Close the workshop
            </Button>
          </div>
        </div>
      ) : (
        invite && <Begin advice={invite.advice} />
      )}
    </Page>
  );
}
