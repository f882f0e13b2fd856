import type { en } from '../en';

export const app: typeof en.app = {
  skip: 'Перейти к содержимому',
  navigation: 'Навигация',
  account: 'Учётная запись',
  retry: 'Повторить',
  copy: 'Копировать',
  copied: 'Скопировано',
  save: 'Сохранить',
  cancel: 'Отмена',
  close: 'Закрыть',
  delete: 'Удалить',
  more: 'Показать ещё',
  actions: 'Действия',
  loading: 'Загрузка…',
  notLoaded: 'Страницу не удалось загрузить.',
  toFleet: 'К роботам',
  theme: { auto: 'Как в системе', light: 'Светлая', dark: 'Тёмная', title: 'Тема' },
  language: 'Язык',
  reachability: {
    reachable: '',
    offline: 'Нет сети. Данные могли устареть; ничего из введённого не потеряно.',
    down: 'Сервер не отвечает. Данные могли устареть; ничего из введённого не потеряно.',
  },
  notFound: { title: 'Здесь ничего нет', text: 'Адрес неверен, или то, что здесь было, удалено.' },
};
