// What the page consists of. `html` escapes everything that people have written.

import type { FoundAction, FoundItem, Item } from 'dpg-database';
import { html } from 'hono/html';
import { domains, FIELDS, fieldNames, type Profile, TRANSITIONS } from './network.js';

type Found = FoundItem<Profile> & { distance_meters?: number };

export const page = (name: string | undefined) => html`<!doctype html>
  <html lang="en">
    <head>
      <meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
      <title>Tutors</title>
      <link rel="icon" href="data:,">
      <link rel="stylesheet" href="/page.css">
      <script type="module" src="/page.js"></script>
    </head>
    <body>
      <header>
        <h1>Tutors</h1>
        <form action="/api/auth/sign-out">
          ${name ? html`<button>Sign out ${name}</button>` : opens('/sign/in', 'Sign in')}
        </form>
      </header>
      <search>
        <form id="filters">
          <input type="search" name="search" placeholder="Search" aria-label="Search" autocomplete="off">
          ${choices('item_domain', 'radio', domains)}
          ${fieldNames.map((field) => choices(field, 'checkbox', FIELDS[field]))}
        </form>
      </search>
      <section id="list" aria-label="List">
        <p id="total" role="status"></p><ul id="rows"></ul>
        <button id="more" class="secondary" hidden>More</button>
      </section>
      <section id="place" aria-label="Map">
        <div id="map"></div> <button id="publish">Publish here</button>
      </section>
      ${name && html`<section id="mine" aria-label="Mine" tabindex="-1"></section>`}
      <dialog>
        <div>
          <button data-close aria-label="Close">×</button>
          <div id="content"></div>
          <p id="refusal" role="alert"></p>
        </div>
      </dialog>
      <p id="says" role="status"></p>
    </body>
  </html>`;

const choices = (name: string, type: string, values: readonly string[]) => {
  const choice = (value: string) => html`
    <label>
      <input type="${type}" name="${name}" value="${value}" ${value === 'tutor' ? 'checked' : ''}>
      ${value} ${type === 'checkbox' && html`<small id="${name} ${value}"></small>`}
    </label>`;
  return html`<fieldset>${values.map(choice)}</fieldset>`;
};

/** A button that opens the dialog, with what the server says at that path. */
const opens = (path: string, text: unknown) =>
  html`<button type="button" data-opens="${path}">${text}</button>`;

const facts = (state: Profile) => fieldNames.flatMap((field) => state[field] ?? []).join(' · ');

const row = ({ item_domain, item_id, item_state, distance_meters }: Found) => {
  const distance = distance_meters === undefined ? '' : ` · ${(distance_meters / 1000).toFixed(1)} km`;
  const text = html`<strong>${item_state.name}</strong> <small>${facts(item_state)}${distance}</small>`;
  return html`<li>${opens(`/items/${item_domain}/${item_id}`, text)}</li>`;
};
export const list = (items: Found[]) => html`${items.map(row)}`;

export const mine = (me: string, items: Found[], actions: FoundAction[]) => html`
  <h2>My actions</h2>
  ${actions.map((action) => request(action, action.target_item_owner === me ? 'target' : 'source'))}
  <h2>My items</h2>
  <p>Click on the map to publish one.</p>
  <ul>${list(items)}</ul>`;

function request(action: FoundAction, side: 'source' | 'target') {
  const state = side === 'target' ? action.source_item_state : action.target_item_state;
  const other = state as Profile | null; // null: the item is gone, or on another instance
  const changes = TRANSITIONS.filter(({ from, by }) => from === action.action_status && by === side);
  return html`
    <form action="/actions/${action.action_id}">
      <strong>${side === 'target' ? `${other?.name} asks` : `You asked ${other?.name}`}</strong>
      <mark class="${action.action_status}">${action.action_status}</mark>
      <p>${action.remarks}</p>
      ${action.action_status === 'accepted' && html`<p>${other?.contact}</p>`}
      <input type="hidden" name="seen" value="${action.update_count}">
      <input type="hidden" name="event_id" value="${crypto.randomUUID()}">
      ${changes.map(({ to, button }) => html`<button name="action_status" value="${to}">${button}</button>`)}
    </form>`;
}

/** Each has a form of its own, so that Enter means what the page says. */
export const sign = (up = false) => html`
  <form action="/api/auth/sign-${up ? 'up' : 'in'}/email">
    <h2>Sign ${up ? 'up' : 'in'}</h2>
    <label>e-mail <input name="email" type="email" autofocus autocomplete="username" required></label>
    <label>password <input name="password" type="password" minlength="${up ? 8 : 1}" required></label>
    ${up && html`<label>name <input name="name" autocomplete="name" required maxlength="80"></label>`}
    <button>Sign ${up ? 'up' : 'in'}</button>
    ${up ? opens('/sign/in', 'I have an account') : opens('/sign/up', 'I am new here')}
  </form>`;

const select = (name: string, options: readonly string[], label = name) => html`
  <label>${label} <select name="${name}">${options.map((one) => html`<option>${one}</option>`)}</select></label>`;

// The ids are chosen here: however often a form is sent, it has its effect once.
export const publish = (latitude: string, longitude: string) => html`
  <form action="/items">
    <h2>Publish here</h2>
    <input type="hidden" name="item_id" value="${crypto.randomUUID()}">
    <input type="hidden" name="latitude" value="${latitude}">
    <input type="hidden" name="longitude" value="${longitude}">
    ${select('item_domain', domains, 'I am a')}
    <label>name <input name="name" maxlength="80" required autofocus></label>
    ${fieldNames.map((field) => select(field, FIELDS[field]))}
    <label>about <input name="about" maxlength="500"></label>
    <label>contact, for whom you accept <input name="contact" maxlength="120"></label>
    <button>Publish</button>
  </form>`;

/** The user may ask as one of `students`; without any, `why` says what is missing. */
export const ask = ({ item_id, item_state }: Item<Profile>, students: Found[], why: string) => html`
  <form action="/actions">
    <h2>${item_state.name}</h2>
    <p>${facts(item_state)}</p>
    <p>${item_state.about}</p>
    <input type="hidden" name="action_id" value="${crypto.randomUUID()}">
    <input type="hidden" name="target_id" value="${item_id}">
    ${students.length === 0 ? html`<p>${why}</p>` : askAs(students)}
  </form>`;

const askAs = (students: Found[]) => html`
  <label>as <select name="source_id">
    ${students.map(({ item_id, item_state }) => html`<option value="${item_id}">${item_state.name}</option>`)}
  </select></label>
  <label>message <input name="remarks" maxlength="500"></label>
  <button>Ask to connect</button>`;
