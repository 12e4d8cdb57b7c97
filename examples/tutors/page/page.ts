// The script of the page: the map, what is asked when something changes, dialogs and forms.

import * as L from 'leaflet';
import { feature } from 'topojson-client';
import world from 'world-atlas/land-50m.json';
import type { Marker } from '../src/discover.js';
import '@picocss/pico/css/pico.fluid.classless.amber.css';
import 'leaflet/dist/leaflet.css';
import './page.css';

const $ = <E extends HTMLElement = HTMLElement>(selector: string) => document.querySelector(selector) as E;
const [filters, dialog] = [$<HTMLFormElement>('#filters'), $<HTMLDialogElement>('dialog')];
const say = (text: string) => $('#says').replaceChildren(text);

/** What the server says; its refusals are thrown. */
async function ask(path: string, options?: RequestInit): Promise<Response> {
  const answer = await fetch(path, options);
  if (!answer.ok) throw new Error((await answer.json().catch(() => null))?.message ?? answer.statusText);
  return answer;
}

// ---- the map

const [zoom = 2, latitude = 25, longitude = 15] = location.hash.match(/[\d.-]+/g)?.map(Number) ?? [];
const options = { zoom, minZoom: 1, maxZoom: 18, zoomSnap: 0.5, worldCopyJump: true };
const map = L.map('map', { ...options, center: [latitude, longitude] });
map.attributionControl.addAttribution('places: GeoNames, CC BY 4.0 · land: Natural Earth');
L.control.scale().addTo(map);
const markers = L.layerGroup().addTo(map);

type Shapes = { features: { geometry: { coordinates: number[][][][] } }[] };
const [land] = (feature(world as never, world.objects.land as never) as unknown as Shapes).features;
for (const shift of [-360, 0, 360]) {
  // a shore that crosses the 180th meridian goes on beyond it, and the world stands once more on each side
  const unroll = (ring: number[][], last = 0) =>
    ring.map(([x = 0, y = 0]) => {
      last = x + 360 * Math.round((last - x) / 360);
      return L.latLng(y, last + shift);
    });
  const shores = land?.geometry.coordinates.map((rings) => rings.map((ring) => unroll(ring))) ?? [];
  L.polygon(shores, { className: 'land', interactive: false }).addTo(map);
}

function showMarkers(shown: Marker[]) {
  const hadFocus = $('.leaflet-marker-pane').contains(document.activeElement);
  markers.clearLayers();
  $('#map').classList.toggle('near', map.getZoom() >= 7); // there is room for names
  // on a map that was moved around the world: on the copy that is looked at
  const beside = (lng: number) => lng + 360 * Math.round((map.getCenter().lng - lng) / 360);
  for (const { latitude, longitude, item_count, item_domain, item_id, name, ...edges } of shown) {
    const html = document.createElement('span'); // with text only, whatever people have written
    html.textContent = name ?? item_count.toLocaleString('en', { notation: 'compact' });
    const size = item_id ? 14 : 24 + 6 * Math.log10(item_count);
    const icon = L.divIcon({ html, className: item_id ? 'one' : 'many', iconSize: [size, size] });
    const marker = L.marker([latitude, beside(longitude)], { icon, riseOnHover: true }).addTo(markers);
    marker.getElement()?.setAttribute('aria-label', name ?? `${item_count}, zoom in`);
    const around = L.latLngBounds([edges.south, beside(edges.west)], [edges.north, beside(edges.east)]);
    const open = () => {
      if (item_id) openDialog(`/items/${item_domain}/${item_id}`);
      else map.fitBounds(around, { padding: [30, 30] });
    };
    marker.on('click', open).on('keypress', ({ originalEvent }) => originalEvent.key === 'Enter' && open());
  }
  if (hadFocus) $('#map').focus(); // the marker that was pressed is gone
}

// ---- what is chosen, and what is found

let waiting: number | undefined;
let asked = new URLSearchParams();
let question = new AbortController();

/** Asks when nothing has changed for a quarter of a second. */
function changed() {
  clearTimeout(waiting);
  $('#list').ariaBusy = 'true';
  waiting = window.setTimeout(() => {
    const { lat, lng } = map.getCenter().wrap();
    history.replaceState(null, '', `#${map.getZoom()}/${lat.toFixed(5)}/${lng.toFixed(5)}`);
    asked = new URLSearchParams([...new FormData(filters)] as [string, string][]);
    const { x, y } = map.getSize();
    asked.set('markers', `${Math.round((x * y) / 2500)}`);
    asked.set('center', `${lat},${lng}`);
    asked.set('bbox', map.getBounds().toBBoxString());
    discover();
  }, 250);
}

async function discover(page_token?: string) {
  question.abort(); // its answer would come late
  question = new AbortController();
  const { signal } = question;
  try {
    const query = page_token ? new URLSearchParams([...asked, ['page_token', page_token]]) : asked;
    const found = await (await ask(`/discover?${query}`, { signal })).json();
    $('#more').hidden = !found.next_page_token;
    $('#more').onclick = () => discover(found.next_page_token);
    if (page_token) return $('#rows').insertAdjacentHTML('beforeend', found.rows);
    const { opens } = (document.activeElement as HTMLElement).dataset;
    $('#rows').innerHTML = found.rows;
    if (document.activeElement === document.body && opens) $(`#rows [data-opens="${opens}"]`)?.focus();
    showMarkers(found.markers);
    // the map leaves nothing out: its sum is the total
    const total = found.markers.reduce((sum: number, { item_count }: Marker) => sum + item_count, 0);
    $('#total').textContent = `${total.toLocaleString('en')} on this map`;
    for (const count of document.querySelectorAll('#filters small')) count.textContent = '0';
    for (const { field, value, item_count } of found.counts)
      document.getElementById(`${field} ${value}`)?.replaceChildren(item_count.toLocaleString('en'));
  } catch (error) {
    if (!signal.aborted) say((error as Error).message);
  }
  if (!signal.aborted) $('#list').ariaBusy = 'false';
}
filters.addEventListener('input', changed);
map.on('moveend', changed);
changed();

// ---- dialogs and forms

async function openDialog(path: string) {
  try {
    $('#content').innerHTML = await (await ask(path)).text();
    $('#refusal').textContent = '';
    dialog.close(); // one may be open; a new one gets the focus
    dialog.showModal();
  } catch (error) {
    say((error as Error).message);
  }
}
const publish = ({ lat, lng }: L.LatLng) => openDialog(`/publish?latitude=${lat}&longitude=${lng}`);
map.on('click', ({ latlng }) => publish(latlng.wrap()));
$('#publish').onclick = () => publish(map.getCenter().wrap()); // the same by keyboard
document.addEventListener('click', ({ target }) => {
  const button = (target as Element).closest<HTMLElement>('[data-opens], [data-close]');
  if (button?.dataset.opens) openDialog(button.dataset.opens);
  else if (button) dialog.close();
});

/** Every form is sent as JSON. The page stays as it is while that is refused. */
document.addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target as HTMLFormElement;
  if (form === filters) return;
  const path = event.submitter?.getAttribute('formaction') ?? form.action;
  const filled = [...new FormData(form, event.submitter)].filter(([, value]) => value !== '');
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify(Object.fromEntries(filled));
  try {
    const answer = await ask(path, { method: 'POST', headers, body });
    if (path.includes('/api/auth/')) return location.reload();
    dialog.close();
    changed();
    await showMine();
    say((await answer.json()).said);
  } catch (error) {
    $(dialog.open ? '#refusal' : '#says').textContent = (error as Error).message;
  }
});

// ---- what is mine, as it is now

async function showMine() {
  const mine = $('#mine');
  const hadFocus = mine.contains(document.activeElement);
  mine.innerHTML = await (await ask('/mine')).text();
  if (hadFocus) mine.focus(); // the button that was pressed is gone
}
if ($('#mine')) {
  const live = new EventSource('/live');
  live.onerror = () => say('No connection: what you see may be old.');
  // at first, and after each break: what happened meanwhile is in the actions
  live.onopen = () => showMine().then(() => say(''));
  live.onmessage = async ({ data }) => {
    await showMine();
    say(`A request is ${data}`); // to both parties
  };
}
