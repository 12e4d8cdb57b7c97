// What the tests use of a package that has no types.

declare module 'leaflet' {
  interface LatLngBounds {
    getSouth(): number;
    getWest(): number;
    getNorth(): number;
    getEast(): number;
    pad(ratio: number): LatLngBounds;
    toBBoxString(): string;
  }
  const leaflet: {
    latLngBounds(corners: [latitude: number, longitude: number][]): LatLngBounds;
    map(
      element: unknown,
      options: object,
    ): {
      setView(center: [latitude: number, longitude: number], zoom: number, options: object): void;
      getBounds(): LatLngBounds;
    };
  };
  export default leaflet;
}
