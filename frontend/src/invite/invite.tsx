/** "Invite": a code, its picture, and what those who come by it may do. */

import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { del, post } from "../api";
import { home } from "../home";
import { isOwner } from "../guest";
import { copy } from "../system/copy";
import type { Invitation, Invite } from "../protocol";
import { follow } from "../router";
import { attempt, notify, overview } from "../store";
import { Button, Dialog, Field, Segments, useResource } from "../ui";
import { addressesOf, controlsIn, type Seats, spaced, standingOf, wordsOf } from "./forms";
import "./invite.css";

type Role = "play" | "watch" | "all";

const ROLES: { value: Role; label: string; title: string }[] = [
  { value: "play", label: "Play", title: "Move faders; nothing else" },
  { value: "watch", label: "Watch", title: "See and hear; move nothing" },
  { value: "all", label: "All", title: "Everything that you can do" },
];

const MEANS: Record<Role, string> = {
  play: "They move faders. They cannot stop the session, change settings, or read or delete takes.",
  watch: "They see and hear it on their phones, and move nothing.",
  all: "They can do all that you can: for who shares the work with you.",
};

const SEATS: { value: Seats; label: string }[] = [
  { value: "all", label: "All faders" },
  { value: "some", label: "These faders" },
  { value: "turns", label: "Some each" },
];

/** The button that opens it; not there where nobody can be invited. */
export function InviteButton() {
  const open = useSignal(false);
  if (!home().hasProcesses || !isOwner.value) return null;
  return (
    <>
      <Button icon="invite" onClick={() => (open.value = true)}>
        <span class="offer">Invite</span>
      </Button>
      <Dialog title="Invite" open={open.value} onClose={() => (open.value = false)} wide>
        <Inviting />
      </Dialog>
    </>
  );
}

function Inviting() {
  const { data, error, reload } = useResource<Invite>("/api/invitations", "invitations");
  const invite = data.value;
  if (error.value) return <p class="trouble">{error.value}</p>;
  if (invite === null) return <p class="loading" role="status" aria-label="Loading" />;
  if (invite.advice) return <Alone advice={invite.advice} />;
  const reached = addressesOf(invite.addresses, location.origin);
  const addresses = reached.length > 0 ? reached : [`${location.origin}/`];
  return (
    <div class="invite">
      {reached.length === 0 && (
        <p class="soft">
          Only browsers of this machine can open the page now. <code>impsy webui --host 0.0.0.0</code> lets phones in.
        </p>
      )}
      <Make onMade={reload} />
      {invite.invitations.map((each) => (
        <Given key={each.id} invitation={each} addresses={addresses} onChange={reload} />
      ))}
      <p class="soft">
        For a class:{" "}
        <a href="/workshop" onClick={follow}>
          a workshop
        </a>{" "}
        gives each guest an instrument of their own.
      </p>
    </div>
  );
}

/** Only this machine reaches the page. */
function Alone({ advice }: { advice: string }) {
  return (
    <div class="invite">
      <p>Only this machine can open the page now, so nobody can be invited.</p>
      <p>{advice}</p>
    </div>
  );
}

function Make({ onMade }: { onMade: () => Promise<void> }) {
  const role = useSignal<Role>("play");
  const seats = useSignal<Seats>("all");
  const text = useSignal("");
  const each = useSignal(1);
  const count = Math.max(1, (overview.value?.dimension ?? 2) - 1);
  const chosen =
    seats.value === "some" ? controlsIn(text.value, count) : Array.from({ length: count }, (_, index) => index);
  const seated = role.value === "play" && seats.value !== "all";
  const make = () =>
    attempt(async () => {
      const turns = seated && seats.value === "turns" ? each.value : null;
      await post("/api/invitations", { role: role.value, controls: seated ? chosen : null, each: turns });
      await onMade();
    });
  return (
    <section class="invite-new" aria-label="A new invitation">
      <Segments
        label="What they may do"
        value={role.value}
        options={ROLES}
        onChange={(value) => (role.value = value)}
      />
      <p class="soft">{MEANS[role.value]}</p>
      {role.value === "play" && (
        <Segments
          label="Which faders they play"
          value={seats.value}
          options={SEATS}
          onChange={(value) => (seats.value = value)}
        />
      )}
      {seated && seats.value === "some" && (
        <Field
          label="Faders"
          hint={`Numbers from 1 to ${count}, such as 3, 4 or 1-4`}
          error={text.value && chosen === null ? `Numbers from 1 to ${count}, such as 3, 4 or 1-4` : undefined}
        >
          {(ids) => <input {...ids} value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} />}
        </Field>
      )}
      {seated && seats.value === "turns" && (
        <Field label="Faders for each guest" hint={`The first who comes gets the first, of ${count}; then in turn`}>
          {(ids) => (
            <input
              {...ids}
              type="number"
              min={1}
              max={count}
              value={each.value}
              onChange={(event) => (each.value = Math.min(count, Math.max(1, event.currentTarget.valueAsNumber || 1)))}
            />
          )}
        </Field>
      )}
      <div class="row">
        <Button kind="main" disabled={seated && chosen === null} onClick={make}>
          Make a code
        </Button>
      </div>
    </section>
  );
}

const picture = (id: string, address: string) =>
  `/api/invitations/${encodeURIComponent(id)}/qr.svg?address=${encodeURIComponent(address)}`;

/** One invitation: its picture, link and code. */
export function Given(props: { invitation: Invitation; addresses: readonly string[]; onChange: () => Promise<void> }) {
  const { invitation, addresses } = props;
  const chosen = useSignal(addresses[0] ?? "");
  const select = useId();
  const address = addresses.includes(chosen.value) ? chosen.value : (addresses[0] ?? "");
  const over = invitation.seconds <= 0;
  const link = `${address}?join=${invitation.code}`;
  const copied = async () =>
    (await copy(link))
      ? notify("info", "The link was copied.")
      : notify("error", "This browser does not let pages copy.");
  const revoke = () =>
    attempt(async () => {
      await del(`/api/invitations/${encodeURIComponent(invitation.id)}`);
      await props.onChange();
    });
  return (
    <section class="invite-given" aria-label={`Invitation ${invitation.code}`}>
      {!over && address && <img src={picture(invitation.id, address)} alt={`QR code of ${link}`} />}
      <div class="invite-words">
        <h3>{wordsOf(invitation)}</h3>
        {over ? (
          <p>This code lets nobody in any more; who came is still here.</p>
        ) : !address ? (
          <p>
            Nobody can join yet: only this machine reaches the page. Start it with <code>--host 0.0.0.0</code>.
          </p>
        ) : (
          <>
            <p>
              Scan it, or open <b class="invite-address">{address}</b> and type
            </p>
            <p class="invite-code" aria-label={`The code: ${[...invitation.code].join(" ")}`}>
              {spaced(invitation.code)}
            </p>
          </>
        )}
        <p class="soft">{standingOf(invitation)}</p>
        {!over && addresses.length > 1 && (
          <div class="invite-choice">
            <label for={select}>Phones reach this machine by</label>
            <select id={select} value={address} onChange={(event) => (chosen.value = event.currentTarget.value)}>
              {addresses.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </div>
        )}
        <div class="row">
          {!over && address && (
            <Button local onClick={copied}>
              Copy the link
            </Button>
          )}
          <Button kind="danger" onClick={revoke} title="The code ends, and who came by it must leave">
            Revoke
          </Button>
        </div>
      </div>
    </section>
  );
}
