import type { RefObject } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Feed, WardFeed } from './connection.js';
import { type Place, placeOf } from './place.js';
import type { Priority } from './protocol.js';
import { parseSettings, type Settings } from './settings.js';
import { AlarmPlayer } from './sound/player.js';

const SETTINGS_KEY = 'wardstream-settings';
/** Changes of patients alone are drawn this often; alerts and the state of the connection at once. */
const REDRAW_MS = 500;

/** The feed as it is to be drawn. */
export function useFeed(source: WardFeed): Feed {
  const [feed, setFeed] = useState(source.current);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let drawn = source.current;
    const draw = () => {
      clearTimeout(timer);
      timer = undefined;
      drawn = source.current;
      setFeed(drawn);
    };
    const end = source.listen(({ link, ward }) => {
      const isUrgent =
        link !== drawn.link || ward.alerts !== drawn.ward.alerts || ward.replay !== drawn.ward.replay;
      if (isUrgent) draw();
      else timer ??= setTimeout(draw, REDRAW_MS);
    });
    draw();
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [source]);
  return feed;
}

/** Where the viewer is, and how to go elsewhere; the browser's back and forward work. */
export function usePlace(): readonly [Place, (place: Place) => void] {
  const [place, setPlace] = useState(() => placeOf(history.state));
  useEffect(() => {
    const onPop = ({ state }: PopStateEvent) => setPlace(placeOf(state));
    addEventListener('popstate', onPop);
    return () => removeEventListener('popstate', onPop);
  }, []);
  const go = useCallback((next: Place) => {
    history.pushState(next, '');
    setPlace(next);
  }, []);
  return [place, go];
}

/** The viewer's settings, kept as they change. */
export function useSettings(): readonly [Settings, (change: Partial<Settings>) => void] {
  const [settings, setSettings] = useState(() => parseSettings(localStorage.getItem(SETTINGS_KEY)));
  useLayoutEffect(() => {
    localStorage.setItem(SETTINGS_KEY, JSON.stringify(settings));
    document.documentElement.dataset.theme = settings.theme;
  }, [settings]);
  const change = useCallback((part: Partial<Settings>) => setSettings((all) => ({ ...all, ...part })), []);
  return [settings, change];
}

/** The viewer's time, at each render and at least every `intervalMs`. */
export function useWallClock(intervalMs: number): number {
  const [, tick] = useState(0);
  useEffect(() => {
    const interval = setInterval(() => tick((count) => count + 1), intervalMs);
    return () => clearInterval(interval);
  }, [intervalMs]);
  return Date.now();
}

/** Sounds the priority given; true while the browser still holds the sound back. */
export function useAlarm(priority: Priority | null): boolean {
  const [blocked, setBlocked] = useState(false);
  const player = useRef<AlarmPlayer | undefined>(undefined);
  useEffect(() => {
    const alarm = new AlarmPlayer(setBlocked);
    player.current = alarm;
    const unlock = () => alarm.unlock();
    const gestures = ['pointerdown', 'keydown'] as const;
    for (const gesture of gestures) addEventListener(gesture, unlock);
    return () => {
      for (const gesture of gestures) removeEventListener(gesture, unlock);
      alarm.close();
    };
  }, []);
  useEffect(() => player.current?.play(priority), [priority]);
  return blocked;
}

/** Width and height of an element's content, in CSS pixels; 0 until it is there. */
export function useSize<Type extends HTMLElement>(): readonly [
  RefObject<Type | null>,
  { width: number; height: number },
] {
  const ref = useRef<Type>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(([{ contentRect }]) => {
      setSize({ width: contentRect.width, height: contentRect.height });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, size];
}
